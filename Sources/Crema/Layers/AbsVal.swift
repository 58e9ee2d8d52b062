import Prototxt

/// `y = |x|`; not in place, since the gradient needs the sign.
package struct AbsVal: Layer {
  package static let type = "AbsVal"

  package init(_ fields: Fields) throws(Diagnostic) {}

  package func plan(_ bottoms: [Shape]) -> Plan { Plan(tops: [bottoms[0]], division: .byImages(bottoms)) }

  package func forward(_ pass: Pass) { pass.tops[0].data.assign(pass.bottoms[0].data) { abs($0) } }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    pass.bottoms[0].gradient.assign(pass.tops[0].gradient, pass.bottoms[0].data) { dy, x in
      dy * (x > 0 ? 1 : x < 0 ? -1 : 0)
    }
  }
}
