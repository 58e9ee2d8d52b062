import Prototxt

/// `y = x + bias`; may work in place.
///
/// - bottoms: the values; if there is a second one, it holds the biases.
/// - weights: the biases, unless a bottom holds them.
package struct Bias: Layer {
  package static let type = "Bias"
  package static let arity = Arity(bottoms: 1...2, tops: 1...1)
  package static let traits = Traits.inPlace

  let fields: BroadcastFields
  private let filler: Filler

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("bias_param")
    self.fields = try BroadcastFields(parameters)
    filler = try Filler(parameters.message("filler"))
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let small = try fields.shape(bottoms), weights = bottoms.count == 1 ? [Plan.Weight(small, filler)] : []
    return Plan(
      tops: [bottoms[0]], weights: weights, division: fields.division(bottoms, small, weights: weights.count))
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data), bias = bias(pass).data
    fields.broadcast(x.shape, bias.shape).each { element, range in
      let b = bias.read { $0[element] }
      y.assign(range, x) { $0 + b }
    }
  }

  package func backward(_ pass: Pass) {
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient), bias = bias(pass)
    let isBottom = pass.bottoms.count > 1
    if isBottom ? pass.wanted[1] : pass.learns[0] {
      if isBottom { bias.gradient.clear() }
      fields.broadcast(dx.shape, bias.shape).addSums(dy, to: bias.gradient)
    }
    if pass.wanted[0] { dx.copy(dy) }
  }

  private func bias(_ pass: Pass) -> Blob { pass.bottoms.count > 1 ? pass.bottoms[1] : pass.weights[0] }
}
