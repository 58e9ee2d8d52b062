import Prototxt

/// The same values for several readers, whose gradients are added.
package struct Split: Layer {
  package static let type = "Split"
  package static let arity = Arity(bottoms: 1...1, tops: 1...Int.max)

  let readers: Int

  package init(_ fields: Fields) throws(Diagnostic) { readers = fields.tops.count }

  package func plan(_ bottoms: [Shape]) -> Plan {
    Plan(
      tops: Array(repeating: bottoms[0], count: readers), division: .byImages(bottoms), aliases: true)
  }

  package func forward(_ pass: Pass) {
    for top in pass.tops { top.data.copy(pass.bottoms[0].data) }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient
    if pass.tops.count == 1 { return dx.copy(pass.tops[0].gradient) }
    dx.assign(pass.tops[0].gradient, pass.tops[1].gradient) { $0 + $1 }
    for top in pass.tops.dropFirst(2) { dx.add(top.gradient) }
  }
}
