import Prototxt

/// `y = factor · x`, and `+ bias` if `bias_term`; may work in place.
///
/// - bottoms: the values; if there is a second one, it holds the factors.
/// - weights: the factors unless a bottom holds them; then the biases, of the same shape.
/// - kept: in place, the bottom.
package struct Scale: Layer {
  package static let type = "Scale"
  package static let arity = Arity(bottoms: 1...2, tops: 1...1)
  package static let traits = Traits.inPlace

  let fields: BroadcastFields, hasBias: Bool
  private let isInPlace: Bool
  private let filler: Filler, biasFiller: Filler

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("scale_param")
    self.fields = try BroadcastFields(parameters)
    hasBias = parameters.bool("bias_term")
    filler = parameters.has("filler") ? try Filler(parameters.message("filler")) : .constant(1)
    biasFiller = try Filler(parameters.message("bias_filler"))
    isInPlace = fields.isInPlace
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let small = try fields.shape(bottoms), layout = fields.broadcast(bottoms[0], small)
    let replaces = layout.outer == 1 && !(layout.size == 1 && layout.inner > 1)
    let weights =
      (bottoms.count == 1 ? [Plan.Weight(small, filler, replacesGradient: replaces)] : [])
      + (hasBias ? [Plan.Weight(small, biasFiller)] : [])
    var plan = Plan(
      tops: [bottoms[0]], weights: weights, division: fields.division(bottoms, small, weights: weights.count),
      kept: isInPlace ? [bottoms[0]] : [])
    plan.isByChannel = bottoms.count == 1 && fields.isByChannel && bottoms[0].rank >= 2
    plan.innerLayers = hasBias ? 1 : 0
    return plan
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data), factors = factors(pass).data
    if isInPlace, pass.keeps { pass.kept[0].copy(x) }
    let bias = hasBias ? pass.weights.last?.data : nil
    fields.broadcast(x.shape, factors.shape).each { element, range in
      let a = factors.read { $0[element] }
      if let b = bias?.read({ $0[element] }) {
        y.assign(range, x) { a * $0 + b }
      } else {
        y.assign(range, x) { a * $0 }
      }
    }
  }

  package func backward(_ pass: Pass) {
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient), factors = factors(pass)
    let layout = fields.broadcast(dx.shape, factors.shape), x = isInPlace ? pass.kept[0] : pass.bottoms[0].data
    if hasBias, let bias = pass.weights.last, pass.learns.last == true { layout.addSums(dy, to: bias.gradient) }
    let isBottom = pass.bottoms.count > 1
    if isBottom ? pass.wanted[1] : pass.learns[0] {
      if isBottom { factors.gradient.clear() }
      layout.addProducts(dy, x, to: factors.gradient)
    }
    guard pass.wanted[0] else { return }
    layout.each { element, range in
      let a = factors.data.read { $0[element] }
      dx.assign(range, dy) { a * $0 }
    }
  }

  private func factors(_ pass: Pass) -> Blob { pass.bottoms.count > 1 ? pass.bottoms[1] : pass.weights[0] }
}
