import Prototxt

/// Half the sum of squared differences of two bottoms, divided by the number of images.
///
/// - top: the loss, a scalar.
/// - kept: the differences.
package struct EuclideanLoss: Layer {
  package static let type = "EuclideanLoss"
  package static let arity = Arity(bottoms: 2...2, tops: 1...1)
  package static var traits: Traits {
    var traits = Traits()
    traits.isLoss = true
    return traits
  }

  package init(_ fields: Fields) throws(Diagnostic) {}

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    try checkFirstAxes(bottoms)
    guard bottoms[0].count(from: 1) == bottoms[1].count(from: 1) else {
      throw ShapeError("the bottoms must have as many values an image: one has \(bottoms[0]), the other \(bottoms[1])")
    }
    return Plan(tops: [[]], division: .whole, kept: [bottoms[0]], scratch: [bottoms[0]])
  }

  package func forward(_ pass: Pass) {
    let difference = pass.keeps ? pass.kept[0] : pass.scratch[0]
    difference.assign(pass.bottoms[0].data, pass.bottoms[1].data) { $0 - $1 }
    pass.tops[0].data.fill(difference.dot(difference) / Float(difference.shape[0]) / 2)
  }

  package func backward(_ pass: Pass) {
    let factor = pass.tops[0].gradient.read { $0[0] } / Float(pass.kept[0].shape[0])
    for (index, sign) in [Float(1), -1].enumerated() where pass.wanted[index] {
      pass.bottoms[index].gradient.assign(pass.kept[0]) { sign * factor * $0 }
    }
  }
}
