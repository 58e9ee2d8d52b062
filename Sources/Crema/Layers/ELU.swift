import Prototxt

/// `y = x` where `x` is positive, and `alpha · (exp(x) - 1)` elsewhere; may work in place.
///
/// In place with a negative alpha the gradient is Caffe's, which takes the sign of the values that replaced the bottom.
package struct ELU: Layer {
  package static let type = "ELU"
  package static let traits = Traits.inPlace

  let alpha: Float

  package init(_ fields: Fields) throws(Diagnostic) { alpha = fields.parameters("elu_param").float("alpha") }

  package func plan(_ bottoms: [Shape]) -> Plan { Plan(tops: [bottoms[0]], division: .byImages(bottoms)) }

  package func forward(_ pass: Pass) {
    pass.tops[0].data.exponentialUnits(pass.bottoms[0].data, alpha: alpha)
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    pass.bottoms[0].gradient.exponentialUnits(
      gradient: pass.tops[0].gradient, pass.bottoms[0].data, pass.tops[0].data, alpha: alpha)
  }
}
