import Prototxt

/// Channels in another order: of `group` runs of channels, first the first of each run, then the second of each, and so on.
package struct ShuffleChannel: Layer {
  package static let type = "ShuffleChannel"

  let group: Int
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("shuffle_channel_param")
    group = parameters.int("group")
    place = parameters.location(of: "group")
    guard group > 0 else { throw parameters.error("group", "group must be 1 or more, not 0") }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    guard x.rank >= 2 else {
      throw ShapeError("the bottom must have 2 axes or more (images, channels, ...), and it has \(x.axesText)")
    }
    guard x[1] % group == 0 else {
      throw ShapeError(
        "group \(group) does not divide the \(x[1]) channels of the bottom (\(x)); change group", at: place)
    }
    return Plan(tops: [x])
  }

  package func forward(_ pass: Pass) { deal(pass.bottoms[0].data, into: pass.tops[0].data, hands: group) }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dy = pass.tops[0].gradient
    deal(dy, into: pass.bottoms[0].gradient, hands: dy.shape[1] / group)
  }

  private func deal(_ x: Tensor, into y: Tensor, hands: Int) {
    let channels = x.shape[1], area = x.shape.count(from: 2)
    guard channels > 0 else { return }
    let deck = channels / hands
    for image in 0..<x.shape[0] {
      for channel in 0..<channels {
        let target = image * channels + channel % deck * hands + channel / deck
        y.copy(area, at: target * area, of: x, from: (image * channels + channel) * area)
      }
    }
  }
}
