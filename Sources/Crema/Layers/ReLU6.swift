import Prototxt

/// `y = x` from 0 to 6, 6 above and `negative_slope · x` below; may work in place.
///
/// - kept: in place, the bottom.
package struct ReLU6: Layer {
  package static let type = "ReLU6"
  package static let traits = Traits.inPlace

  private static let ceiling: Float = 6
  let slope: Float
  private let isInPlace: Bool

  package init(_ fields: Fields) throws(Diagnostic) {
    slope = fields.parameters(fields.message.has("relu6_param") ? "relu6_param" : "relu_param").float("negative_slope")
    isInPlace = fields.isInPlace
  }

  package func plan(_ bottoms: [Shape]) -> Plan {
    Plan(tops: [bottoms[0]], division: .byImages(bottoms), kept: isInPlace ? [bottoms[0]] : [])
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    if isInPlace, pass.keeps { pass.kept[0].copy(x) }
    if slope == 0 {
      y.assign(x) { min(max($0, 0), ReLU6.ceiling) }
    } else {
      y.assign(x) { min(max($0, 0) + slope * min($0, 0), ReLU6.ceiling) }
    }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let x = isInPlace ? pass.kept[0] : pass.bottoms[0].data
    pass.bottoms[0].gradient.assign(pass.tops[0].gradient, x) { dy, x in
      x >= ReLU6.ceiling ? 0 : x > 0 ? dy : slope * dy
    }
  }
}
