import Prototxt

/// Local response normalisation: each value times a power of the sum of squares around it, over neighbouring channels or
/// over a window of its own channel.
///
/// - bottom: N x C x H x W.
/// - kept: the bases of the powers.
package struct LRN: Layer {
  package static let type = "LRN"

  let size: Int, alpha: Float, beta: Float, k: Float
  let isAcrossChannels: Bool

  /// The number of neighbours on each side.
  private var reach: Int { (size - 1) / 2 }

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("lrn_param")
    size = parameters.int("local_size")
    alpha = parameters.float("alpha")
    beta = parameters.float("beta")
    k = parameters.float("k")
    isAcrossChannels = parameters.enumeration("norm_region") == "ACROSS_CHANNELS"
    guard size % 2 == 1, size <= Int(Int32.max) else {
      throw parameters.error(
        "local_size",
        "local_size must be an odd number up to \(Int32.max), so that a value is in the middle, and it is \(size)")
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    guard x.rank == 4 else {
      throw ShapeError("the bottom must have 4 axes (images, channels, height, width), and it has \(x.axesText)")
    }
    let plane = Shape([x.count(from: 2)])
    return Plan(tops: [x], kept: [x], scratch: [plane, plane])
  }

  package func forward(_ pass: Pass) {
    isAcrossChannels ? forwardAcross(pass) : forwardWithin(pass)
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    isAcrossChannels ? backwardAcross(pass) : backwardWithin(pass)
  }
}

/// `y = x · base^-beta`, `base = k + alpha / size · (the sum of x² over size channels)`. The sums run along the channels: the
/// next square is added, the last one subtracted.
extension LRN {
  private func forwardAcross(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data), responses = responses(x.shape)
    for image in 0..<x.shape[0] {
      responses.forward(x, base: pass.keeps ? pass.kept[0] : nil, into: y, at: image * x.shape.count(from: 1))
    }
  }

  private func backwardAcross(_ pass: Pass) {
    let x = pass.bottoms[0].data, responses = responses(x.shape)
    let factor = Float(2 * Double(alpha) * Double(beta) / Double(size))
    for image in 0..<x.shape[0] {
      responses.backward(
        x, pass.tops[0].data, base: pass.kept[0], gradient: pass.tops[0].gradient, into: pass.bottoms[0].gradient,
        at: image * x.shape.count(from: 1), factor: factor)
    }
  }

  private func responses(_ x: Shape) -> ChannelResponses {
    ChannelResponses(
      channels: x[1], area: x.count(from: 2), reach: reach, start: k, part: alpha / Float(size), power: beta)
  }
}

/// `y = x · base^-beta`, `base = 1 + alpha · (the average of x² in a window of size x size)`; padding counts, and `k` does not.
extension LRN {
  private func window(_ shape: Shape) -> PlaneWindow {
    let side = {
      PoolingWindow.Side(input: $0, kernel: size, stride: 1, pad: reach, roundsUp: true, isClipped: size > 1)
    }
    return PlaneWindow(side(shape[2]), side(shape[3]))
  }

  private func forwardWithin(_ pass: Pass) {
    let planes = Planes(pass.bottoms[0].shape), (square, base) = (pass.scratch[0], pass.scratch[1])
    let window = window(pass.bottoms[0].shape)
    for image in 0..<planes.images {
      for channel in 0..<planes.channels {
        let x = planes.of(pass.bottoms[0].data, image, channel)
        square.assign(x) { $0 * $0 }
        base.poolAverages(of: square, window)
        base.assign(base) { alpha * $0 + 1 }
        if pass.keeps { planes.of(pass.kept[0], image, channel).copy(base) }
        planes.of(pass.tops[0].data, image, channel).divide(x, by: base, toThe: beta)
      }
    }
  }

  private func backwardWithin(_ pass: Pass) {
    let planes = Planes(pass.bottoms[0].shape), (power, part) = (pass.scratch[0], pass.scratch[1])
    let window = window(pass.bottoms[0].shape)
    for image in 0..<planes.images {
      for channel in 0..<planes.channels {
        let x = planes.of(pass.bottoms[0].data, image, channel), base = planes.of(pass.kept[0], image, channel)
        let (dx, dy) = (
          planes.of(pass.bottoms[0].gradient, image, channel), planes.of(pass.tops[0].gradient, image, channel)
        )
        power.fill(1)
        power.divide(power, by: base, toThe: beta)
        part.assign(power, base) { -beta * alpha * ($0 / $1) }
        part.assign(part, dy, x) { $0 * ($1 * $2) }
        dx.unpoolAverages(part, window)
        dx.assign(dx, x) { $0 * (2 * $1) }
        power.assign(power, dy) { $0 * $1 }
        dx.add(power)
      }
    }
  }
}

extension LRN {
  /// The planes of a blob.
  private struct Planes {
    let images: Int, channels: Int
    private let area: Int

    init(_ shape: Shape) { (images, channels, area) = (shape[0], shape[1], shape.count(from: 2)) }

    func of(_ tensor: Tensor, _ image: Int, _ channel: Int) -> Tensor {
      tensor.view([area], from: (image * channels + channel) * area)
    }
  }
}
