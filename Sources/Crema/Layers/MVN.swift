import Glibc
import Prototxt

/// Each channel of an image less its mean, divided by its standard deviation (plus `eps`) if `normalize_variance`;
/// all channels of an image together if `across_channels`.
///
/// It may work in place. With the variance, the gradient is then Caffe's, which is none of the formula: it is written over the top's
/// gradient while that is still used.
///
/// - bottom: four axes at most, the second one channels.
/// - top: four axes; those that the bottom does not have are 1, behind the others.
/// - kept: the divisors.
package struct MVN: Layer {
  package static let type = "MVN"
  package static let traits = Traits.inPlace
  package var isWrongInPlace: Bool { normalizesVariance }

  let normalizesVariance: Bool, isAcrossChannels: Bool, epsilon: Float
  private let isInPlace: Bool

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("mvn_param")
    normalizesVariance = parameters.bool("normalize_variance")
    isAcrossChannels = parameters.bool("across_channels")
    epsilon = parameters.float("eps")
    isInPlace = fields.isInPlace
    guard epsilon >= 0 else { throw parameters.error("eps", "eps must not be negative, and it is \(epsilon)") }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    guard x.rank <= 4 else { throw ShapeError("the bottom must have 4 axes at most, and it has \(x.axesText)") }
    let divisors = Shape(Array(x.axes.prefix(isAcrossChannels ? 1 : 2)))
    let top = Shape(x.axes + Array(repeating: 1, count: 4 - x.rank))
    return Plan(tops: [top], division: .byImages([x]), kept: normalizesVariance ? [divisors] : [])
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    each(x.shape) { row, range in
      let count = Double(range.count)
      let mean = x.read { Float(Double(sum($0, at: range.lowerBound, range.count)) / count) }
      guard normalizesVariance else { return y.assign(range, x) { $0 - mean } }
      let squares = x.read { Double(deviation($0, from: mean, at: range.lowerBound, range.count)) }
      let divisor = Float(squares / count).squareRoot() + epsilon
      y.assign(range, x) { ($0 - mean) / divisor }
      if pass.keeps { pass.kept[0].write { $0[row] = divisor } }
    }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient), y = pass.tops[0].data
    each(dx.shape) { row, range in
      let count = Double(range.count)
      let mean = dy.read { Float(Double(sum($0, at: range.lowerBound, range.count)) / count) }
      guard normalizesVariance else { return dx.assign(range, dy) { $0 - mean } }
      let products = dy.read { dy in y.read { y in Double(dot(dy, y, at: range.lowerBound, range.count)) } }
      let product = Float(products / count), divisor = pass.kept[0].read { $0[row] }
      guard isInPlace else {
        dx.assign(range, dy, y) { dy, y in (dy - mean - y * product) / divisor }
        return
      }
      let total = y.read { sum($0, at: range.lowerBound, range.count) }
      dx.assign(range, y) { -2 * product * ($0 + total) / divisor }
    }
  }

  /// The values that are normalised together.
  @inline(__always)
  private func each(_ x: Shape, _ body: (_ row: Int, _ range: Range<Int>) -> Void) {
    let size = x.count(from: isAcrossChannels ? 1 : 2)
    guard size > 0 else { return }
    for row in 0..<x.count / size { body(row, row * size..<(row + 1) * size) }
  }
}
