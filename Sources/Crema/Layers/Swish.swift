import Prototxt

/// `y = x · sigmoid(beta · x)`; may work in place.
///
/// - kept: the sigmoids.
package struct Swish: Layer {
  package static let type = "Swish"
  package static let traits = Traits.inPlace

  let beta: Float

  package init(_ fields: Fields) throws(Diagnostic) { beta = fields.parameters("swish_param").float("beta") }

  package func plan(_ bottoms: [Shape]) -> Plan {
    Plan(tops: [bottoms[0]], division: .byImages(bottoms), kept: [bottoms[0]])
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    let gate = pass.keeps ? pass.kept[0] : Tensor(x.shape)
    gate.assign(x) { beta * $0 }
    gate.sigmoid(gate)
    y.assign(x, gate) { $0 * $1 }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    pass.bottoms[0].gradient.assign(pass.tops[0].gradient, pass.tops[0].data, pass.kept[0]) { dy, y, sigmoid in
      let scaled = Double(beta * y)
      return Float(Double(dy) * (scaled + Double(sigmoid) * (1 - scaled)))
    }
  }
}
