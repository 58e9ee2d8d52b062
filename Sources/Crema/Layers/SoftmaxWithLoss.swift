import Glibc
import Prototxt

/// The mean of -log softmax at the label.
///
/// - bottoms: predictions, and a label (a class number) for each position of them.
/// - top: the loss, a scalar.
/// - kept: the probabilities, and what the loss was divided by.
/// - shared: the probabilities where nothing is kept.
package struct SoftmaxWithLoss: Layer {
  package static let type = "SoftmaxWithLoss"
  package static let arity = Arity(bottoms: 2...2, tops: 1...2)
  package static let traits = Traits.lossWithLabels

  let axis: AxisField, labels: Labels, normalization: Normalization

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("loss_param")
    axis = AxisField(fields.parameters("softmax_param"))
    labels = Labels(parameters)
    normalization = Normalization(parameters, default: .valid)
    guard fields.tops.count <= 1 else {
      throw fields.message.error(
        "top", index: 1,
        "a second top (the probabilities) is not possible: Caffe lists it, but stops when it builds such a layer, with or "
          + "without loss weights; remove '\(fields.tops[1])' and add a Softmax layer")
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let axis = try axis.resolved(in: bottoms[0])
    try checkFirstAxes(bottoms)
    try labels.check(bottoms, axis: axis)
    var plan = Plan(tops: [[]], division: .parts, kept: [bottoms[0], [1]])
    plan.shared = [bottoms[0]]
    plan.forwardPhases = 2
    plan.innerLayers = 1
    return plan
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data, layout = ClassLayout(x.shape, axis: axis.of(x.shape))
    let probabilities = pass.keeps ? pass.kept[0] : pass.shared[0]
    guard pass.phase > 0 else { return layout.softmax(x, into: probabilities, pass.share(of: layout.positions)) }
    if pass.isFirst { forwardLoss(pass, layout, probabilities) }
  }

  private func forwardLoss(_ pass: Pass, _ layout: ClassLayout, _ probabilities: Tensor) {
    let (classes, inner) = (layout.classes, layout.inner)
    var loss: Float = 0, valid = 0, failed = false
    probabilities.read { p in
      pass.bottoms[1].data.read { values in
        for position in 0..<values.count where !failed {
          switch labels.read(values[position], at: position, classes: classes, pass) {
          case .label(let label):
            let (i, j) = (position / inner, position % inner)
            loss -= logf(max(p[(i * classes + label) * inner + j], .leastNormalMagnitude))
            valid += 1
          case .ignored: break
          case .failed: failed = true
          }
        }
      }
    }
    let divisor = normalization.divisor(outer: layout.outer, inner: inner, valid: valid)
    pass.tops[0].data.fill(loss / divisor)
    if pass.keeps { pass.kept[1].fill(divisor) }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient, layout = ClassLayout(dx.shape, axis: axis.of(dx.shape))
    let (classes, inner) = (layout.classes, layout.inner)
    let factor = pass.tops[0].gradient.read { $0[0] } / pass.kept[1].read { $0[0] }, probabilities = pass.kept[0]
    layout.runs(pass.share(of: layout.positions)) { start, position, count in
      let each = { (body: (Range<Int>) -> Void) in
        guard inner > 1 else { return body(start..<start + classes) }
        for c in 0..<classes { body(start + c * inner..<start + c * inner + count) }
      }
      each { dx.assign($0, probabilities) { $0 } }
      dx.write(reading: pass.bottoms[1].data) { values, dx in
        for i in 0..<count {
          switch labels.read(values[position + i], at: position + i, classes: classes, pass) {
          case .label(let label): dx[start + label * inner + i] -= 1
          case .ignored, .failed: for c in 0..<classes { dx[start + c * inner + i] = 0 }
          }
        }
      }
      each { dx.assign($0, dx) { $0 * factor } }
    }
  }
}

/// Throws unless predictions and labels have as many images.
func checkFirstAxes(_ bottoms: [Shape]) throws(ShapeError) {
  guard let first = bottoms[0].axes.first, let second = bottoms[1].axes.first, first == second else {
    throw ShapeError(
      "the bottoms must have the same first axis: the predictions have \(bottoms[0]), the labels \(bottoms[1])")
  }
}
