import Prototxt

/// Each channel less its mean, divided by its standard deviation: those of the batch, or those gathered over many batches; may work
/// in place.
///
/// - bottom: two axes or more, the second one channels.
/// - weights, which do not learn: sums of means, of variances, and of their factors.
/// - kept: means and standard deviations of the batch, and in place the top, which later layers may overwrite.
package struct BatchNorm: Layer {
  package static let type = "BatchNorm"
  package static let traits = Traits.inPlace

  let epsilon: Float, fraction: Float
  /// Whether the gathered statistics are used, and not those of the batch.
  let usesGathered: Bool
  private let isInPlace: Bool

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("batch_norm_param")
    epsilon = parameters.float("eps")
    fraction = parameters.float("moving_average_fraction")
    usesGathered = parameters.has("use_global_stats") ? parameters.bool("use_global_stats") : fields.phase == .test
    isInPlace = fields.isInPlace
    guard epsilon >= 0 else { throw parameters.error("eps", "eps must not be negative, and it is \(epsilon)") }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    guard x.rank >= 2 else {
      throw ShapeError("the bottom must have 2 axes or more (images, channels, ...), and it has \(x.axesText)")
    }
    let statistics = { (count: Int) in Plan.Weight([count], .constant(0), isStatistic: true) }
    let weights = [statistics(x[1]), statistics(x[1]), statistics(1)]
    if usesGathered {
      var plan = Plan(tops: [x], weights: weights)
      plan.isByChannel = true
      return plan
    }
    return Plan(
      tops: [x], weights: weights, division: .parts, kept: [[x[1]], [x[1]]] + (isInPlace ? [x] : []))
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data, planes = Planes(x.shape)
    if usesGathered {
      let statistics = gathered(pass)
      for c in 0..<planes.channels { normalise(x, pass.tops[0].data, planes, c, statistics(c)) }
      return
    }
    for c in pass.share(of: planes.channels) {
      let (mean, variance) = moments(x, planes, c), count = planes.countOfChannel
      pass.weights[0].data.write { $0[c] = $0[c] * fraction + mean }
      pass.weights[1].data.write { $0[c] = $0[c] * fraction + variance * (count > 1 ? count / (count - 1) : 1) }
      let deviation = (variance + epsilon).squareRoot()
      normalise(x, pass.tops[0].data, planes, c, (mean, deviation))
      guard pass.keeps else { continue }
      pass.kept[0].write { $0[c] = mean }
      pass.kept[1].write { $0[c] = deviation }
      guard isInPlace else { continue }
      for image in 0..<planes.images { pass.kept[2].assign(planes.range(image, c), pass.tops[0].data) { $0 } }
    }
    if pass.isFirst { pass.weights[2].data.write { $0[0] = $0[0] * fraction + 1 } }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient), planes = Planes(dx.shape)
    if usesGathered {
      let statistics = gathered(pass)
      for c in 0..<planes.channels {
        let deviation = statistics(c).deviation
        for image in 0..<planes.images { dx.assign(planes.range(image, c), dy) { $0 / deviation } }
      }
      return
    }
    for c in pass.share(of: planes.channels) {
      let deviation = pass.kept[1].read { $0[c] }
      let (z, mean, unit): (Tensor, Float, Float) =
        isInPlace ? (pass.kept[2], 0, 1) : (pass.bottoms[0].data, pass.kept[0].read { $0[c] }, deviation)
      var (sumOfGradients, sumOfProducts) = (0.0, 0.0)
      for image in 0..<planes.images {
        let range = planes.range(image, c)
        let sums = dy.read { dy in z.read { z in products(dy, z, less: mean, at: range.lowerBound, range.count) } }
        sumOfGradients += Double(sums.0)
        sumOfProducts += Double(sums.1)
      }
      let count = Double(planes.countOfChannel)
      let a = Float(sumOfGradients / count), b = Float(sumOfProducts / Double(unit) / count)
      for image in 0..<planes.images {
        dx.assign(planes.range(image, c), dy, z) { dy, z in (dy - a - b * ((z - mean) / unit)) / deviation }
      }
    }
  }

  private func gathered(_ pass: Pass) -> (_ channel: Int) -> (mean: Float, deviation: Float) {
    let weights = pass.weights.map(\.data), sum = weights[2].read { $0[0] }
    let scale = sum == 0 ? 0 : 1 / sum
    return { c in
      (weights[0].read { $0[c] * scale }, (weights[1].read { $0[c] * scale } + epsilon).squareRoot())
    }
  }

  private func normalise(
    _ x: Tensor, _ y: Tensor, _ planes: Planes, _ c: Int, _ statistics: (mean: Float, deviation: Float)
  ) {
    let (mean, deviation) = statistics
    for image in 0..<planes.images { y.assign(planes.range(image, c), x) { ($0 - mean) / deviation } }
  }

  private func moments(_ x: Tensor, _ planes: Planes, _ c: Int) -> (mean: Float, variance: Float) {
    let count = Double(planes.countOfChannel), area = planes.area
    return x.read { x in
      var (total, squares) = (0.0, 0.0)
      for image in 0..<planes.images { total += Double(sum(x, at: planes.range(image, c).lowerBound, area)) }
      let mean = Float(total / count)
      for image in 0..<planes.images {
        squares += Double(deviation(x, from: mean, at: planes.range(image, c).lowerBound, area))
      }
      return (mean, Float(squares / count))
    }
  }
}

/// The planes of a blob: one for each image and channel.
private struct Planes {
  let images: Int, channels: Int, area: Int
  var countOfChannel: Float { Float(images * area) }

  init(_ shape: Shape) { (images, channels, area) = (shape[0], shape[1], shape.count(from: 2)) }

  func range(_ image: Int, _ channel: Int) -> Range<Int> {
    let start = (image * channels + channel) * area
    return start..<start + area
  }
}

/// The sums of `a` and of `a · (b - mean)` over `count` numbers.
private func products(
  _ a: Span<Float>, _ b: Span<Float>, less mean: Float, at start: Int, _ count: Int
) -> (Float, Float) {
  var sums = SIMD8<Float>(repeating: 0), dots = sums, sum: Float = 0, dot: Float = 0, i = start
  while i + 8 <= start + count {
    let x = SIMD8(a[i], a[i + 1], a[i + 2], a[i + 3], a[i + 4], a[i + 5], a[i + 6], a[i + 7])
    let y = SIMD8(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7])
    sums += x
    dots += x * (y - mean)
    i += 8
  }
  while i < start + count {
    sum += a[i]
    dot += a[i] * (b[i] - mean)
    i += 1
  }
  return (sum + sums.sum(), dot + dots.sum())
}
