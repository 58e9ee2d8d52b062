import Glibc
import Prototxt

/// The sum, mean, sum of absolute values or of squares over the axes from `axis` on, times `coeff`.
package struct Reduction: Layer {
  package static let type = "Reduction"

  enum Operation: String { case sum = "SUM", absolute = "ASUM", squares = "SUMSQ", mean = "MEAN" }

  let operation: Operation, axis: AxisField, coefficient: Float

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("reduction_param")
    operation = Operation(rawValue: parameters.enumeration("operation")) ?? .sum
    axis = AxisField(parameters)
    coefficient = parameters.float("coeff")
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let axis = bottoms[0].rank == 0 && axis.index == 0 ? 0 : try axis.resolved(in: bottoms[0])
    return Plan(tops: [Shape(Array(bottoms[0].axes[..<axis]))], division: axis == 0 ? .whole : .images)
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data, length = x.shape.count(from: axis.of(x.shape)), factor = factor(length)
    pass.tops[0].data.write(reading: x) { x, y in
      for i in 0..<y.count {
        let start = i * length
        switch operation {
        case .sum, .mean: y[i] = sum(x, at: start, length) * factor
        case .squares: y[i] = dot(x, x, at: start, length) * factor
        case .absolute:
          var total: Float = 0
          for j in start..<start + length { total += abs(x[j]) }
          y[i] = total * factor
        }
      }
    }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient, x = pass.bottoms[0].data
    let length = x.shape.count(from: axis.of(x.shape)), factor = factor(length)
    for i in 0..<pass.tops[0].shape.count {
      let slope = pass.tops[0].gradient.read { $0[i] } * factor, range = i * length..<(i + 1) * length
      switch operation {
      case .sum, .mean: dx.assign(range, x) { _ in slope }
      case .squares: dx.assign(range, x) { 2 * slope * $0 }
      case .absolute: dx.assign(range, x) { $0 > 0 ? slope : $0 < 0 ? -slope : 0 }
      }
    }
  }

  private func factor(_ length: Int) -> Float { operation == .mean ? coefficient / Float(length) : coefficient }
}
