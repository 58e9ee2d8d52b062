import Prototxt

/// `y = x` where `x` is positive, and `negative_slope · x` elsewhere; may work in place. The gradient is wrong if it does and
/// `negative_slope` is below 0, because the top no longer tells the bottom's sign: as in Caffe.
package struct ReLU: Layer {
  package static let type = "ReLU"
  package static let traits = Traits.inPlace

  package var isWrongInPlace: Bool { slope < 0 }
  let slope: Float

  package init(_ fields: Fields) throws(Diagnostic) {
    slope = fields.parameters("relu_param").float("negative_slope")
  }

  package func plan(_ bottoms: [Shape]) -> Plan {
    var plan = Plan(tops: [bottoms[0]], division: .byImages(bottoms))
    plan.isByChannel = true
    return plan
  }

  package func forward(_ pass: Pass) {
    pass.tops[0].data.rectify(pass.bottoms[0].data, slope: slope)
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    pass.bottoms[0].gradient.rectify(gradient: pass.tops[0].gradient, pass.bottoms[0].data, slope: slope)
  }
}
