import Prototxt

/// `y = x` where `x` is positive, and `negative_slope · x` elsewhere; may work in place.
///
/// - kept: the bottom, if it is overwritten by a top that no longer tells its sign.
package struct ReLU: Layer {
  package static let type = "ReLU"
  package static let traits = Traits.inPlace

  let slope: Float
  private let keepsBottom: Bool

  package init(_ fields: Fields) throws(Diagnostic) {
    slope = fields.parameters("relu_param").float("negative_slope")
    keepsBottom = slope < 0 && fields.isInPlace
  }

  package func plan(_ bottoms: [Shape]) -> Plan {
    var plan = Plan(tops: [bottoms[0]], division: .byImages(bottoms), kept: keepsBottom ? [bottoms[0]] : [])
    plan.isByChannel = true
    return plan
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    if keepsBottom, pass.keeps { pass.kept[0].copy(x) }
    if slope == 0 { y.assign(x) { max($0, 0) } } else { y.assign(x) { max($0, 0) + slope * min($0, 0) } }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let x = keepsBottom ? pass.kept[0] : pass.bottoms[0].data
    pass.bottoms[0].gradient.assign(pass.tops[0].gradient, x) { dy, x in x > 0 ? dy : slope * dy }
  }
}
