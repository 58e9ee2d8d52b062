import Prototxt

/// Each channel less its mean, divided by its standard deviation, times a factor, plus a term; may work in place. Two forks have
/// layers of this name:
///
/// - PSPNet's has four weights: factors, terms, means and variances. In training the batch is normalised and means and
///   variances follow it by `momentum`; `frozen`, and in testing, they are used as they are.
/// - SegNet's has two weights: factors and terms. `bn_mode: LEARN` normalises the batch in every phase, INFERENCE
///   multiplies and adds only. It may have two more tops: the means and the variances of the batch.
///
/// Which one is meant is seen by the fields; if there are none of either, by the number of `blobs` or `param`.
///
/// - bottom: two axes or more, the second one channels.
/// - kept: the normalised values, and the inverses of the deviations.
package struct BN: Layer {
  package static let type = "BN"
  package static let arity = Arity(bottoms: 1...1, tops: 1...3)
  package static let traits = Traits.inPlace

  /// Added to SegNet's variances, which have no field for it.
  private static let segNetEpsilon: Float = 1e-9

  private let hasStatistics: Bool, topCount: Int
  /// Where means and variances come from.
  private enum Source { case batch, weights, none }
  private let source: Source, isFrozen: Bool
  private let momentum: Float, epsilon: Float
  private let fillers: [Filler]

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("bn_param")
    let segNet = ["scale_filler", "shift_filler", "bn_mode"].filter(parameters.has)
    let pspNet = ["slope_filler", "bias_filler", "momentum", "eps", "frozen", "engine"].filter(parameters.has)
    if let one = segNet.first, let other = pspNet.first {
      throw parameters.error(
        one, "\(one) is a field of SegNet's BN (two blobs), and \(other) of PSPNet's (four); remove one of them"
      ).noting(other, at: parameters.location(of: other))
    }
    let counts = [fields.message.count("blobs"), fields.message.count("param")]
    hasStatistics = segNet.isEmpty && (!pspNet.isEmpty || counts.first { $0 > 0 } != 2)
    isFrozen = parameters.bool("frozen")
    momentum = parameters.float("momentum")
    epsilon = hasStatistics ? parameters.float("eps") : BN.segNetEpsilon
    let names = hasStatistics ? ["slope_filler", "bias_filler"] : ["scale_filler", "shift_filler"]
    fillers = [try Filler(parameters.message(names[0])), try Filler(parameters.message(names[1]))]
    if hasStatistics {
      source = isFrozen || fields.phase == .test ? .weights : .batch
    } else {
      source = parameters.enumeration("bn_mode") == "LEARN" ? .batch : .none
    }
    guard epsilon >= 0 else { throw parameters.error("eps", "eps must not be negative, and it is \(epsilon)") }
    guard fields.tops.count == 1 || (!hasStatistics && source == .batch) else {
      throw fields.message.error(
        "top", index: 1, "only SegNet's bn_mode: LEARN has tops for means and variances; remove '\(fields.tops[1])'")
    }
    topCount = fields.tops.count
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    guard x.rank >= 2 else {
      throw ShapeError("the bottom must have 2 axes or more (images, channels, ...), and it has \(x.axesText)")
    }
    let shape: Shape = [1, x[1], 1, 1]
    var weights = fillers.map { Plan.Weight(shape, $0) }
    if hasStatistics {
      weights.append(.init(shape, .constant(0), isStatistic: true))
      weights.append(.init(shape, .constant(isFrozen ? 1 : 0), isStatistic: true))
    }
    return Plan(
      tops: [x] + Array(repeating: shape, count: topCount - 1), weights: weights, division: .parts, kept: [x, [x[1]]])
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data), channels = x.shape[1], area = x.shape.count(from: 2)
    for c in pass.share(of: channels) {
      let (mean, variance) = statistics(pass, c), inverse = source == .none ? 1 : 1 / (variance + epsilon).squareRoot()
      let (factor, term) = (pass.weights[0].data.read { $0[c] }, pass.weights[1].data.read { $0[c] })
      if pass.keeps { pass.kept[1].write { $0[c] = inverse } }
      for image in 0..<x.shape[0] {
        let range = BN.range(image, c, channels, area)
        if pass.keeps { pass.kept[0].assign(range, x) { ($0 - mean) * inverse } }
        y.assign(range, x) { ($0 - mean) * inverse * factor + term }
      }
    }
  }

  private static func range(_ image: Int, _ channel: Int, _ channels: Int, _ area: Int) -> Range<Int> {
    let start = (image * channels + channel) * area
    return start..<start + area
  }

  /// The mean and variance of a channel. Those of the batch go into the weights or the tops too.
  private func statistics(_ pass: Pass, _ c: Int) -> (mean: Float, variance: Float) {
    switch source {
    case .none: return (0, 1)
    case .weights: return (pass.weights[2].data.read { $0[c] }, pass.weights[3].data.read { $0[c] })
    case .batch: break
    }
    let x = pass.bottoms[0].data, channels = x.shape[1], area = x.shape.count(from: 2)
    let count = Double(x.shape[0] * area)
    let (mean, variance) = x.read { x in
      var (total, squares) = (0.0, 0.0)
      let starts = (0..<pass.bottoms[0].shape[0]).map { BN.range($0, c, channels, area).lowerBound }
      for start in starts { total += Double(sum(x, at: start, area)) }
      let mean = Float(total / count)
      for start in starts { squares += Double(deviation(x, from: mean, at: start, area)) }
      return (mean, Float(squares / count))
    }
    for (index, value) in [mean, variance].enumerated() {
      if hasStatistics {
        pass.weights[2 + index].data.write { $0[c] = (1 - momentum) * value + momentum * $0[c] }
      } else if topCount > 1 + index {
        pass.tops[1 + index].data.write { $0[c] = value }
      }
    }
    return (mean, variance)
  }

  package func backward(_ pass: Pass) {
    let (dx, dy, z) = (pass.bottoms[0].gradient, pass.tops[0].gradient, pass.kept[0])
    let images = dx.shape[0], channels = dx.shape[1], area = dx.shape.count(from: 2), count = Double(images * area)
    for c in pass.share(of: channels) {
      let ranges = (0..<images).map { BN.range($0, c, channels, area) }
      var (terms, products) = (0.0, 0.0)
      dy.read { dy in
        z.read { z in
          for range in ranges {
            terms += Double(sum(dy, at: range.lowerBound, area))
            products += Double(dot(dy, z, at: range.lowerBound, area))
          }
        }
      }
      if pass.learns[0] { pass.weights[0].gradient.write { $0[c] += Float(products) } }
      if pass.learns[1] { pass.weights[1].gradient.write { $0[c] += Float(terms) } }
      guard pass.wanted[0] else { continue }
      let scale = pass.weights[0].data.read { $0[c] } * pass.kept[1].read { $0[c] }
      let (a, b) = source == .batch ? (Float(terms / count), Float(products / count)) : (0, 0)
      for range in ranges { dx.assign(range, dy, z) { scale * ($0 - a - b * $1) } }
    }
  }
}
