import Prototxt

/// The sum (each bottom times its coefficient), product or maximum of bottoms of one shape.
///
/// - kept: for MAX, which bottom had each maximum.
package struct Eltwise: Layer {
  package static let type = "Eltwise"
  package static let arity = Arity(bottoms: 2...Int.max, tops: 1...1)

  enum Operation: String { case product = "PROD", sum = "SUM", maximum = "MAX" }

  let operation: Operation
  let coefficients: [Float]
  /// Whether the gradient of a product multiplies the other bottoms, or divides the product by this one.
  let isStable: Bool

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("eltwise_param"), given = parameters.floats("coeff")
    operation = Operation(rawValue: parameters.enumeration("operation")) ?? .sum
    isStable = parameters.bool("stable_prod_grad")
    guard given.isEmpty || given.count == fields.bottoms.count else {
      throw parameters.error(
        "coeff", "there are \(given.count) coeff for \(fields.bottoms.count) bottoms; give one for each, or none")
    }
    guard given.isEmpty || operation != .product else {
      throw parameters.error("coeff", "a product has no coeff; remove them or use operation: SUM")
    }
    coefficients = given.isEmpty ? Array(repeating: 1, count: fields.bottoms.count) : given
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    for (index, bottom) in bottoms.enumerated() where bottom != bottoms[0] {
      throw ShapeError("all bottoms must have one shape: bottom 0 has \(bottoms[0]), bottom \(index) has \(bottom)")
    }
    var plan = Plan(
      tops: [bottoms[0]], division: .byImages(bottoms), kept: operation == .maximum ? [bottoms[0]] : [])
    plan.isByChannel = true
    return plan
  }

  package func forward(_ pass: Pass) {
    let y = pass.tops[0].data, x = pass.bottoms.map(\.data)
    switch operation {
    case .sum:
      let (a, b) = (coefficients[0], coefficients[1])
      y.assign(x[0], x[1]) { a * $0 + b * $1 }
      for (x, c) in zip(x, coefficients).dropFirst(2) { y.assign(y, x) { $0 + c * $1 } }
    case .product:
      y.assign(x[0], x[1]) { $0 * $1 }
      for x in x.dropFirst(2) { y.assign(y, x) { $0 * $1 } }
    case .maximum:
      if pass.keeps {
        pass.kept[0].assign(x[0], x[1]) { $0 > $1 ? 0 : 1 }
        y.assign(x[0], x[1]) { $0 > $1 ? $0 : $1 }
        for (index, x) in x.enumerated().dropFirst(2) {
          let number = Float(index)
          pass.kept[0].write(reading: x, y) { x, y, which in
            for i in 0..<x.count where x[i] > y[i] { which[i] = number }
          }
          y.assign(y, x) { $1 > $0 ? $1 : $0 }
        }
      } else {
        y.assign(x[0], x[1]) { $0 > $1 ? $0 : $1 }
        for x in x.dropFirst(2) { y.assign(y, x) { $1 > $0 ? $1 : $0 } }
      }
    }
  }

  package func backward(_ pass: Pass) {
    let dy = pass.tops[0].gradient
    for (index, bottom) in pass.bottoms.enumerated() where pass.wanted[index] {
      let dx = bottom.gradient, c = coefficients[index]
      switch operation {
      case .sum:
        if c == 1 { dx.copy(dy) } else { dx.assign(dy) { c * $0 } }
      case .product where isStable:
        let others = pass.bottoms.indices.filter { $0 != index }.map { pass.bottoms[$0].data }
        guard others.count > 1 else {
          dx.assign(others[0], dy) { $0 * $1 }
          continue
        }
        dx.assign(others[0], others[1]) { $0 * $1 }
        for other in others.dropFirst(2) { dx.assign(dx, other) { $0 * $1 } }
        dx.assign(dx, dy) { $0 * $1 }
      case .product:
        dx.assign(pass.tops[0].data, bottom.data, dy) { $0 / $1 * $2 }
      case .maximum:
        let number = Float(index)
        dx.assign(pass.kept[0], dy) { $0 == number ? $1 : 0 }
      }
    }
  }
}
