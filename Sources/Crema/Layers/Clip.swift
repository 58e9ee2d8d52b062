import Prototxt

/// `y = x` between `min` and `max`, which the values outside become; may work in place.
///
/// In place the gradient is Caffe's: every value is inside once it is clipped, so nothing is held back.
package struct Clip: Layer {
  package static let type = "Clip"
  package static let traits = Traits.inPlace
  package var isWrongInPlace: Bool { true }

  let low: Float, high: Float

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("clip_param")
    guard parameters.has("min"), parameters.has("max") else {
      throw parameters.error(
        parameters.has("min") ? "max" : "min", "\(parameters.has("min") ? "max" : "min") is missing; give min and max")
    }
    (low, high) = (parameters.float("min"), parameters.float("max"))
    guard low <= high else {
      throw parameters.error("min", "min must not be above max, and they are \(low) and \(high)")
    }
  }

  package func plan(_ bottoms: [Shape]) -> Plan { Plan(tops: [bottoms[0]], division: .byImages(bottoms)) }

  package func forward(_ pass: Pass) {
    pass.tops[0].data.assign(pass.bottoms[0].data) { max(low, min($0, high)) }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    pass.bottoms[0].gradient.assign(pass.tops[0].gradient, pass.bottoms[0].data) { dy, x in
      dy * (x >= low && x <= high ? 1 : 0)
    }
  }
}
