import Glibc
import Prototxt

/// `y = log(1 + exp(x))`, partly in double precision; may work in place.
///
/// In place the gradient is Caffe's: that of the formula at the values that replaced the bottom.
package struct BNLL: Layer {
  package static let type = "BNLL"
  package static let traits = Traits.inPlace
  package var isWrongInPlace: Bool { true }

  package init(_ fields: Fields) throws(Diagnostic) {}

  package func plan(_ bottoms: [Shape]) -> Plan { Plan(tops: [bottoms[0]], division: .byImages(bottoms)) }

  package func forward(_ pass: Pass) {
    pass.tops[0].data.assign(pass.bottoms[0].data) { x in
      x > 0 ? Float(Double(x) + log(1 + Double(expf(-x)))) : Float(log(1 + Double(expf(x))))
    }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    pass.bottoms[0].gradient.assign(pass.tops[0].gradient, pass.bottoms[0].data) { dy, x in
      let e = expf(min(x, BNLL.largest))
      return Float(Double(dy * e) / (Double(e) + 1))
    }
  }

  /// Above this the gradient is 1, and the exponential of much larger numbers is infinite.
  private static let largest: Float = 50
}
