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
      tops: [x], weights: [.init(isShared ? [] : [x[1]], filler)], kept: [[x[0], span]],
      scratch: [[span], [max(span, x.count(from: 2))]])
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data), (channels, area) = (x.shape[1], x.shape.count(from: 2))
    let scales = pass.weights[0].data.values, span = isAcrossSpace ? 1 : area
    for image in 0..<x.shape[0] {
      let first = image * channels * area
      let norms = pass.keeps ? pass.kept[0].view([span], from: image * span) : pass.scratch[0]
      if isAcrossSpace {
        let norm = (x.products(first..<first + channels * area, x) + epsilon).squareRoot()
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
    let x = pass.bottoms[0].data, (channels, area) = (x.shape[1], x.shape.count(from: 2))
    let scales = pass.weights[0].data.values, sums = pass.scratch[0], span = isAcrossSpace ? 1 : area
    for image in 0..<x.shape[0] {
      let first = image * channels * area, norms = pass.kept[0].view([span], from: image * span)
      sums.clear()
      for c in 0..<channels {
        let range = first + c * area..<first + (c + 1) * area
        let total = addProducts(pass, norms, range, times: scales[isShared ? 0 : c], to: sums)
        if pass.learns[0] { pass.weights[0].gradient.write { $0[isShared ? 0 : c] += total } }
      }
      if pass.wanted[0] { spread(pass, norms, sums, first, scales) }
    }
  }

  /// Adds `factor · x · dy` of one plane to the sums, and gives the sum of `x · dy / norm`.
  private func addProducts(
    _ pass: Pass, _ norms: Tensor, _ range: Range<Int>, times factor: Float, to sums: Tensor
  ) -> Float {
    let (x, dy) = (pass.bottoms[0].data, pass.tops[0].gradient), products = pass.scratch[1], area = range.count
    guard !isAcrossSpace else {
      let product = x.products(range, dy)
      sums.write { $0[0] += factor * product }
      return product / norms.read { $0[0] }
    }
    products.assign(area, at: 0, x, from: range.lowerBound, dy, from: range.lowerBound) { $0 * $1 }
    sums.assign(area, at: 0, sums, from: 0, products, from: 0) { $0 + factor * $1 }
    guard pass.learns[0] else { return 0 }
    products.assign(area, at: 0, products, from: 0, norms, from: 0) { $0 / $1 }
    return products.sum(0..<area)
  }

  /// `dx = (scale · dy - x · sum / norm²) / norm` for one image. The sums become `sum / norm³`.
  private func spread(_ pass: Pass, _ norms: Tensor, _ sums: Tensor, _ first: Int, _ scales: [Float]) {
    let (x, dx, dy) = (pass.bottoms[0].data, pass.bottoms[0].gradient, pass.tops[0].gradient)
    let (channels, area) = (dx.shape[1], dx.shape.count(from: 2))
    sums.assign(sums, norms) { $0 / ($1 * $1 * $1) }
    let (norm, part) = isAcrossSpace ? (norms.read { $0[0] }, sums.read { $0[0] }) : (1, 0)
    for c in 0..<channels {
      let scale = scales[isShared ? 0 : c], start = first + c * area
      if isAcrossSpace {
        dx.assign(area, at: start, dy, from: start, x, from: start) { scale * $0 / norm - $1 * part }
      } else {
        pass.scratch[1].assign(area, at: 0, x, from: start, sums, from: 0) { $0 * $1 }
        dx.assign(area, at: start, dy, from: start, norms, from: 0) { scale * $0 / $1 }
        dx.assign(area, at: start, dx, from: start, pass.scratch[1], from: 0) { $0 - $1 }
      }
    }
  }
}
