import Prototxt

/// The sum of `σ²d²/2` where `|d| < 1/σ²` and of `|d| - 1/2σ²` elsewhere, of the differences d of two bottoms, divided by
/// the number of images, or by what `loss_param` says.
///
/// - bottoms: values, targets; then perhaps factors of the differences, and factors of the losses, without gradients.
/// - top: the loss, a scalar.
/// - kept: the differences, times their factors.
package struct SmoothL1Loss: Layer {
  package static let type = "SmoothL1Loss"
  package static let arity = Arity(bottoms: 2...4, tops: 1...1)
  package static var traits: Traits {
    var traits = Traits()
    traits.isLoss = true
    traits.unforcedBottoms = [2, 3]
    traits.bottomsWithoutGradient = [2, 3]
    return traits
  }

  private let square: Float
  private let normalization: Normalization

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("smooth_l1_loss_param"), sigma = parameters.float("sigma")
    guard sigma > 0, sigma.isFinite else { throw parameters.error("sigma", "sigma must be above 0, not \(sigma)") }
    square = sigma * sigma
    normalization = Normalization(fields.parameters("loss_param"), default: .batchSize)
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    for (index, bottom) in bottoms.enumerated() where bottom.count != x.count || bottom.axes.first != x.axes.first {
      throw ShapeError(
        "all bottoms must have as many values an image: bottom 0 has \(x), bottom \(index) has \(bottom)")
    }
    guard x.rank > 0 else { throw ShapeError("the bottoms are scalars; they must have images") }
    return Plan(tops: [[]], division: .whole, kept: [x], scratch: [x])
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data, losses = pass.scratch[0], d = pass.keeps ? pass.kept[0] : losses
    d.assign(x, pass.bottoms[1].data) { $0 - $1 }
    if pass.bottoms.count > 2 { d.assign(d, pass.bottoms[2].data) { $0 * $1 } }
    let square = square
    losses.assign(d) { abs($0) < 1 / square ? 0.5 * $0 * $0 * square : abs($0) - 0.5 / square }
    if pass.bottoms.count > 3 { losses.assign(losses, pass.bottoms[3].data) { $0 * $1 } }
    pass.tops[0].data.fill(losses.read { sum($0, at: 0, $0.count) } / divisor(x.shape))
  }

  package func backward(_ pass: Pass) {
    let square = square
    for (index, sign) in [Float(1), -1].enumerated() where pass.wanted[index] {
      let dx = pass.bottoms[index].gradient
      let factor = sign * pass.tops[0].gradient.read { $0[0] } / divisor(pass.kept[0].shape)
      dx.assign(pass.kept[0]) { d in
        factor * (abs(d) < 1 / square ? square * d : d > 0 ? 1 : d < 0 ? -1 : 0)
      }
      for weights in pass.bottoms.dropFirst(2) { dx.assign(dx, weights.data) { $0 * $1 } }
    }
  }

  private func divisor(_ x: Shape) -> Float {
    normalization.divisor(outer: x[0], inner: x.count(from: 2), valid: x[0] * x.count(from: 2))
  }
}
