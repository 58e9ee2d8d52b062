import Prototxt

/// Reads bottoms that nobody needs; their gradients are zero.
package struct Silence: Layer {
  package static let type = "Silence"
  package static let arity = Arity(bottoms: 1...Int.max, tops: 0...0)

  package init(_ fields: Fields) throws(Diagnostic) {}

  package func plan(_ bottoms: [Shape]) -> Plan { Plan(tops: [], division: .whole) }
  package func forward(_ pass: Pass) {}

  package func backward(_ pass: Pass) {
    for (bottom, wanted) in zip(pass.bottoms, pass.wanted) where wanted { bottom.gradient.clear() }
  }
}
