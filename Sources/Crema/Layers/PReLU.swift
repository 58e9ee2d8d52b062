import Prototxt

/// `y = x` where `x` is positive, and `slope · x` elsewhere, with a slope for each channel; may work in place.
///
/// - bottom: two axes or more, the second one channels.
/// - weights: the slopes; a scalar if `channel_shared`.
/// - kept: in place, the bottom.
package struct PReLU: Layer {
  package static let type = "PReLU"
  package static let traits = Traits.inPlace

  let isShared: Bool
  private let isInPlace: Bool, filler: Filler

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("prelu_param")
    isShared = parameters.bool("channel_shared")
    filler = parameters.has("filler") ? try Filler(parameters.message("filler")) : .constant(0.25)
    isInPlace = fields.isInPlace
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    guard x.rank >= 2 else {
      throw ShapeError("the bottom must have 2 axes or more (images, channels, ...), and it has \(x.axesText)")
    }
    return Plan(tops: [x], weights: [.init(isShared ? [] : [x[1]], filler)], kept: isInPlace ? [x] : [])
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    if isInPlace, pass.keeps { pass.kept[0].copy(x) }
    broadcast(x.shape).each { channel, range in
      let slope = pass.weights[0].data.read { $0[channel] }
      y.rectify(range, x, slope: slope)
    }
  }

  package func backward(_ pass: Pass) {
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient)
    let x = isInPlace ? pass.kept[0] : pass.bottoms[0].data, layout = broadcast(x.shape)
    if pass.learns[0] {
      pass.weights[0].gradient.write { slopes in
        layout.each { channel, range in slopes[channel] += x.negativeProducts(range, dy) }
      }
    }
    guard pass.wanted[0] else { return }
    layout.each { channel, range in
      let slope = pass.weights[0].data.read { $0[channel] }
      dx.rectify(range, gradient: dy, x, slope: slope)
    }
  }

  private func broadcast(_ x: Shape) -> Broadcast { Broadcast(x, isShared ? [] : [x[1]], axis: 1) }
}
