import Prototxt

/// `y = 1 / (1 + exp(-x))`; may work in place.
package struct Sigmoid: Layer {
  package static let type = "Sigmoid"
  package static let traits = Traits.inPlace

  package init(_ fields: Fields) throws(Diagnostic) {}

  package func plan(_ bottoms: [Shape]) -> Plan { Plan(tops: [bottoms[0]], division: .byImages(bottoms)) }

  package func forward(_ pass: Pass) { pass.tops[0].data.sigmoid(pass.bottoms[0].data) }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    pass.bottoms[0].gradient.assign(pass.tops[0].gradient, pass.tops[0].data) { dy, y in
      dy * y * (1 - y)
    }
  }
}
