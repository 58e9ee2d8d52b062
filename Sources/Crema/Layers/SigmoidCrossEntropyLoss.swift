import Glibc
import Prototxt

/// The mean cross-entropy of sigmoids of the predictions and targets between 0 and 1, element by element.
///
/// - bottoms: predictions (before the sigmoid), and as many targets.
/// - top: the loss, a scalar.
/// - kept: what the loss was divided by.
package struct SigmoidCrossEntropyLoss: Layer {
  package static let type = "SigmoidCrossEntropyLoss"
  package static let arity = Arity(bottoms: 2...2, tops: 1...2)
  package static let traits = Traits.lossWithLabels

  let labels: Labels, normalization: Normalization

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("loss_param")
    labels = Labels(parameters)
    normalization = Normalization(parameters, default: .batchSize)
    guard fields.tops.count <= 1 else {
      throw fields.message.error(
        "top", index: 1,
        "a second top (the probabilities) is not possible: Caffe cannot build such a layer; remove '\(fields.tops[1])' and "
          + "add a Sigmoid layer")
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    try checkFirstAxes(bottoms)
    guard bottoms[0].count == bottoms[1].count else {
      throw ShapeError(
        "there must be a target for each prediction: the predictions have \(bottoms[0]), the targets \(bottoms[1])")
    }
    return Plan(tops: [[]], division: .whole, kept: [[1]])
  }

  package func forward(_ pass: Pass) {
    let shape = pass.bottoms[0].shape
    var loss: Float = 0, valid = 0
    pass.bottoms[0].data.read { x in
      pass.bottoms[1].data.read { targets in
        for i in 0..<x.count {
          let (x, target) = (x[i], targets[i])
          if isIgnored(target) { continue }
          valid += 1
          let step: Float = x >= 0 ? 1 : 0
          loss -= x * (target - step) - logf(1 + expf(x - 2 * x * step))
        }
      }
    }
    let divisor = normalization.divisor(outer: shape[0], inner: shape.count(from: 1), valid: valid)
    pass.tops[0].data.fill(loss / divisor)
    if pass.keeps { pass.kept[0].fill(divisor) }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let factor = pass.tops[0].gradient.read { $0[0] } / pass.kept[0].read { $0[0] }
    let gradient = pass.bottoms[0].gradient
    gradient.sigmoid(pass.bottoms[0].data)
    gradient.assign(gradient, pass.bottoms[1].data) { probability, target in
      isIgnored(target) ? 0 : (probability - target) * factor
    }
  }

  private func isIgnored(_ target: Float) -> Bool {
    guard let ignored = labels.ignored, abs(target) < 2_147_483_648 else { return false }
    return Int(target) == ignored
  }
}
