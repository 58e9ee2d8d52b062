import Prototxt

/// Values divided by their Euclidean norm and multiplied by learned factors: `y = scale · x / sqrt(Σ x² + eps)`, the sum
/// over the whole image, or over the channels at each position.
///
/// The gradient is that of the formula; the SSD branch's leaves the factors out of a sum if they differ by channel.
///
/// - bottom: two axes or more, the second one channels.
/// - weights: the factor, a scalar if `channel_shared`, otherwise one for each channel.
/// - kept: the norms.
package struct Normalize: Layer {
  package static let type = "Normalize"

  let isAcrossSpace: Bool, isShared: Bool, epsilon: Float
  private let filler: Filler

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("norm_param")
    isAcrossSpace = parameters.bool("across_spatial")
    isShared = parameters.bool("channel_shared")
    epsilon = parameters.float("eps")
    filler = parameters.has("scale_filler") ? try Filler(parameters.message("scale_filler")) : .constant(1)
    guard epsilon >= 0 else { throw parameters.error("eps", "eps must not be negative, and it is \(epsilon)") }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    guard x.rank >= 2 else {
      throw ShapeError("the bottom must have 2 axes or more (images, channels, ...), and it has \(x.axesText)")
    }
    let span = isAcrossSpace ? 1 : x.count(from: 2)
    return Plan(
      tops: [x], weights: [.init(isShared ? [] : [x[1]], filler)], kept: [[x[0], span]], scratch: [[span]])
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data), (channels, area) = (x.shape[1], x.shape.count(from: 2))
    let scales = pass.weights[0].data.values, span = isAcrossSpace ? 1 : area
    for image in 0..<x.shape[0] {
      let first = image * channels * area
      let norms = pass.keeps ? pass.kept[0].view([span], from: image * span) : pass.scratch[0]
      if isAcrossSpace {
        let norm = (x.read { dot($0, $0, at: first, channels * area) } + epsilon).squareRoot()
        norms.fill(norm)
        for c in 0..<channels {
          let scale = scales[isShared ? 0 : c]
          y.assign(first + c * area..<first + (c + 1) * area, x) { $0 / norm * scale }
        }
      } else {
        norms.fill(epsilon)
        for c in 0..<channels {
          norms.assign(area, at: 0, norms, from: 0, x, from: first + c * area) { $0 + $1 * $1 }
        }
        norms.assign(norms) { $0.squareRoot() }
        for c in 0..<channels {
          let scale = scales[isShared ? 0 : c], start = first + c * area
          y.assign(area, at: start, x, from: start, norms, from: 0) { $0 / $1 * scale }
        }
      }
    }
  }

  package func backward(_ pass: Pass) {
    let (x, dy) = (pass.bottoms[0].data, pass.tops[0].gradient), (channels, area) = (x.shape[1], x.shape.count(from: 2))
    let scales = pass.weights[0].data.values, sums = pass.scratch[0], span = isAcrossSpace ? 1 : area
    for image in 0..<x.shape[0] {
      let first = image * channels * area, norms = pass.kept[0].view([span], from: image * span)
      sums.clear()
      for c in 0..<channels {
        let factor = scales[isShared ? 0 : c], start = first + c * area
        let product = addProducts(x, dy, start, area, times: factor, to: sums)
        guard pass.learns[0] else { continue }
        let total = isAcrossSpace ? product / norms.read { $0[0] } : quotients(x, dy, norms, start, area)
        pass.weights[0].gradient.write { $0[isShared ? 0 : c] += total }
      }
      if pass.wanted[0] { spread(pass, norms, sums, first, scales) }
    }
  }

  /// Adds `factor · x · dy` of one plane to the sums, and gives the sum of `x · dy`.
  private func addProducts(
    _ x: Tensor, _ dy: Tensor, _ start: Int, _ area: Int, times factor: Float, to sums: Tensor
  ) -> Float {
    guard isAcrossSpace else {
      sums.write(reading: x, dy) { x, dy, sums in
        for i in 0..<area { sums[i] += factor * x[start + i] * dy[start + i] }
      }
      return 0
    }
    let product = x.read { x in dy.read { dy in dot(x, dy, at: start, area) } }
    sums.write { $0[0] += factor * product }
    return product
  }

  /// The sum of `x · dy / norm` over one plane.
  private func quotients(_ x: Tensor, _ dy: Tensor, _ norms: Tensor, _ start: Int, _ area: Int) -> Float {
    x.read { x in
      dy.read { dy in
        norms.read { norms in
          var total: Float = 0
          for i in 0..<area { total += x[start + i] * dy[start + i] / norms[i] }
          return total
        }
      }
    }
  }

  /// `dx = (scale · dy - x · sum / norm²) / norm` for one image.
  private func spread(_ pass: Pass, _ norms: Tensor, _ sums: Tensor, _ first: Int, _ scales: [Float]) {
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient),
      (channels, area) = (dx.shape[1], dx.shape.count(from: 2))
    dx.write(reading: dy, pass.bottoms[0].data) { dy, x, dx in
      norms.read { norms in
        sums.read { sums in
          var at = first
          for c in 0..<channels {
            let scale = scales[isShared ? 0 : c]
            for i in 0..<area {
              let place = isAcrossSpace ? 0 : i, norm = norms[place]
              dx[at] = (scale * dy[at] - x[at] * sums[place] / (norm * norm)) / norm
              at += 1
            }
          }
        }
      }
    }
  }
}
