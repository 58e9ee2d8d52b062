import Glibc
import Prototxt

/// The mean over positions of the sum over classes of `-H[label][class] · log softmax`.
///
/// - bottoms: predictions; a label (a class number) for each position of them; and H, classes x classes, unless a
///   file holds it.
/// - tops: the loss, a scalar; perhaps the probabilities.
/// - kept: the probabilities, and what the loss was divided by.
package struct InfogainLoss: Layer {
  package static let type = "InfogainLoss"
  package static let arity = Arity(bottoms: 2...3, tops: 1...2)
  package static var traits: Traits {
    var traits = Traits.lossWithLabels
    traits.bottomsWithoutGradient = [1, 2]
    return traits
  }

  let axis: AxisField, labels: Labels, normalization: Normalization
  /// H, if a file holds it.
  private let matrix: BlobFile?
  private let place: SourceLocation?
  private let givesProbabilities: Bool

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("infogain_loss_param"), loss = fields.parameters("loss_param")
    axis = AxisField(parameters)
    labels = Labels(loss)
    normalization = Normalization(loss, default: .valid)
    guard !loss.has("normalize") else {
      throw loss.error("normalize", "normalize is an old field that this layer does not take; use normalization")
    }
    place = parameters.location(of: "source")
    givesProbabilities = fields.tops.count > 1
    guard fields.bottoms.count < 3 else {
      matrix = nil
      return
    }
    guard parameters.has("source") else {
      throw parameters.error("source", "source is missing: the path of the matrix H; or give H as a third bottom")
    }
    matrix = try BlobFile(fields.environment.resolve(parameters.string("source"), "matrix H", at: place), at: place)
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let axis = try axis.resolved(in: bottoms[0])
    try checkFirstAxes(bottoms)
    try labels.check(bottoms, axis: axis)
    let classes = bottoms[0][axis], shape = matrix?.shape ?? bottoms[2]
    guard shape.count == classes * classes else {
      throw ShapeError(
        "H must be \(classes)x\(classes), since the predictions (\(bottoms[0])) have \(classes) classes on axis "
          + "\(axis), and it is \(shape)", at: matrix == nil ? nil : place)
    }
    var plan = Plan(
      tops: givesProbabilities ? [[], bottoms[0]] : [[]], division: .whole, kept: [bottoms[0], [1]],
      scratch: [bottoms[0]])
    plan.innerLayers = 1
    return plan
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data, layout = ClassLayout(x.shape, axis: axis.of(x.shape)), classes = layout.classes
    let probabilities = pass.keeps ? pass.kept[0] : pass.scratch[0]
    probabilities.copy(x)
    layout.softmax(pass.bottoms[0].data, into: probabilities)
    if givesProbabilities { pass.tops[1].data.copy(probabilities) }
    var loss: Float = 0, valid = 0
    withMatrix(pass) { h in
      probabilities.read { p in
        each(pass, layout) { label, first in
          guard let label else { return }
          for c in 0..<classes {
            loss -= h[label * classes + c] * logf(max(p[first + c * layout.inner], smallestProbability))
          }
          valid += 1
        }
      }
    }
    let divisor = normalization.divisor(outer: layout.outer, inner: layout.inner, valid: valid)
    pass.tops[0].data.fill(loss / divisor)
    if pass.keeps { pass.kept[1].fill(divisor) }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient, layout = ClassLayout(dx.shape, axis: axis.of(dx.shape))
    let classes = layout.classes
    let factor = pass.tops[0].gradient.read { $0[0] } / pass.kept[1].read { $0[0] }
    withMatrix(pass) { h in
      let sums = (0..<classes).map { row in (0..<classes).reduce(Float(0)) { $0 + h[row * classes + $1] } }
      dx.write(reading: pass.kept[0]) { p, dx in
        each(pass, layout) { label, first in
          for c in 0..<classes {
            let at = first + c * layout.inner
            dx[at] = label.map { (p[at] * sums[$0] - h[$0 * classes + c]) * factor } ?? 0
          }
        }
      }
    }
  }

  private func withMatrix(_ pass: Pass, _ body: (Span<Float>) -> Void) {
    if let matrix { body(matrix.values.span) } else { pass.bottoms[2].data.read(body) }
  }

  /// Each position: its label, `nil` if it is ignored, and the place of its first class. Ends at a label of no class.
  @inline(__always)
  private func each(_ pass: Pass, _ layout: ClassLayout, _ body: (_ label: Int?, _ first: Int) -> Void) {
    pass.bottoms[1].data.read { values in
      for position in values.indices {
        let first = position / layout.inner * layout.classes * layout.inner + position % layout.inner
        switch labels.read(values[position], at: position, classes: layout.classes, pass) {
        case .label(let label): body(label, first)
        case .ignored: body(nil, first)
        case .failed: return
        }
      }
    }
  }
}
