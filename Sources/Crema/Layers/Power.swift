import Glibc
import Prototxt

/// `y = (shift + scale · x) ^ power`; may work in place.
///
/// In place the gradient is Caffe's: the square of the formula's factor at the values that replaced the bottom, since it replaces the
/// top's gradient before it is used.
package struct Power: Layer {
  package static let type = "Power"
  package static let traits = Traits.inPlace
  package var isWrongInPlace: Bool { true }

  let power: Float, scale: Float, shift: Float
  private let isInPlace: Bool

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("power_param")
    power = parameters.float("power")
    scale = parameters.float("scale")
    shift = parameters.float("shift")
    isInPlace = fields.isInPlace
  }

  package func plan(_ bottoms: [Shape]) -> Plan {
    Plan(tops: [bottoms[0]], division: .byImages(bottoms))
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    if power * scale == 0 {
      y.fill(power == 0 ? 1 : powf(shift, power))
    } else if power == 1 {
      y.assign(x) { $0 * scale + shift }
    } else if power == 2 {
      y.assign(x) { x in
        let base = x * scale + shift
        return base * base
      }
    } else {
      y.assign(x) { powf($0 * scale + shift, power) }
    }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let (dx, dy, x) = (pass.bottoms[0].gradient, pass.tops[0].gradient, pass.bottoms[0].data)
    guard !isInPlace else { return dx.assign(x) { wrongFactor($0) * wrongFactor($0) } }
    if power * scale == 0 {
      dx.clear()
    } else if power == 1 {
      dx.assign(dy) { $0 * scale }
    } else if power == 2 {
      dx.assign(dy, x) { dy, x in dy * (2 * scale * scale * x + 2 * scale * shift) }
    } else {
      dx.assign(dy, x) { dy, x in
        let base = x * scale + shift
        return dy * (power * scale) * (powf(base, power) / base)
      }
    }
  }

  /// What the gradient would be multiplied by if `y` were not the top already.
  private func wrongFactor(_ y: Float) -> Float {
    if power * scale == 0 { return 0 }
    if power == 1 { return scale }
    if power == 2 { return 2 * scale * scale * y + 2 * scale * shift }
    if shift == 0 { return power * (y / y) }
    return power * scale * (y / (scale * y + shift))
  }
}
