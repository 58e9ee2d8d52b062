import Glibc
import Prototxt

/// `y = base ^ (shift + scale · x)`, with base e if it is -1; may work in place.
package struct Exp: Layer {
  package static let type = "Exp"
  package static let traits = Traits.inPlace

  /// `y = outer · exp(inner · x)`.
  let inner: Float, outer: Float

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("exp_param")
    let base = try LogarithmBase(parameters), shift = parameters.float("shift")
    inner = base.logarithm * parameters.float("scale")
    outer = shift == 0 ? 1 : base.isNatural ? expf(shift) : powf(base.value, shift)
  }

  package func plan(_ bottoms: [Shape]) -> Plan { Plan(tops: [bottoms[0]], division: .byImages(bottoms)) }

  package func forward(_ pass: Pass) {
    pass.tops[0].data.assign(pass.bottoms[0].data) { outer * expf(inner * $0) }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    pass.bottoms[0].gradient.assign(pass.tops[0].gradient, pass.tops[0].data) { dy, y in y * dy * inner }
  }
}
