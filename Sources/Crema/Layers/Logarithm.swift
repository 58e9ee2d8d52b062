import Glibc
import Prototxt

/// `Log`: the logarithm of `shift + scale · x` to a base, e if that is -1; may work in place.
///
/// In place the gradient is Caffe's: the square of the formula's factor at the values that replaced the bottom, since
/// it replaces the top's gradient before it is used.
package struct Logarithm: Layer {
  package static let type = "Log"
  package static let traits = Traits.inPlace
  package var isWrongInPlace: Bool { true }

  let scale: Float, shift: Float
  /// What the natural logarithm is multiplied by.
  let factor: Float
  /// What `1 / (shift + scale · x)` is multiplied by in the gradient.
  let slope: Float
  private let isInPlace: Bool

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("log_param"), base = try LogarithmBase(parameters)
    (scale, shift) = (parameters.float("scale"), parameters.float("shift"))
    guard base.logarithm != 0 else {
      throw parameters.error("base", "base must not be 1: every power of 1 is 1, so there is no logarithm")
    }
    (factor, slope) = (1 / base.logarithm, scale / base.logarithm)
    isInPlace = fields.isInPlace
  }

  package func plan(_ bottoms: [Shape]) -> Plan { Plan(tops: [bottoms[0]], division: .byImages(bottoms)) }

  package func forward(_ pass: Pass) {
    pass.tops[0].data.assign(pass.bottoms[0].data) { logf($0 * scale + shift) * factor }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    pass.bottoms[0].gradient.assign(pass.tops[0].gradient, pass.bottoms[0].data) { dy, x in
      let factor = powf(x * scale + shift, -1) * slope
      return (isInPlace ? factor : dy) * factor
    }
  }
}
