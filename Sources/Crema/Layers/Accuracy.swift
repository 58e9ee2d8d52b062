import Prototxt

/// The share of positions whose true class is among the `top_k` largest predictions.
///
/// A tie with the true class counts against it.
///
/// - bottoms: predictions, and a label (a class number) for each position of them.
/// - tops: the share, a scalar; perhaps the share for each class.
package struct Accuracy: Layer {
  package static let type = "Accuracy"
  package static let arity = Arity(bottoms: 2...2, tops: 1...2)
  package static var traits: Traits {
    var traits = Traits()
    traits.hasBackward = false
    return traits
  }

  let axis: AxisField, labels: Labels, best: Int
  private let perClass: Bool, place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("accuracy_param")
    axis = AxisField(parameters)
    labels = Labels(parameters)
    best = parameters.int("top_k")
    perClass = fields.tops.count > 1
    place = parameters.location(of: "top_k")
    guard best > 0 else { throw parameters.error("top_k", "top_k must be 1 or more, not \(best)") }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let axis = try axis.resolved(in: bottoms[0])
    try labels.check(bottoms, axis: axis)
    let classes = bottoms[0][axis]
    guard best <= classes else {
      throw ShapeError(
        "top_k \(best) is larger than the \(classes) classes of the predictions (\(bottoms[0])); make it smaller",
        at: place)
    }
    return Plan(tops: perClass ? [[], [classes]] : [[]], division: .whole)
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data, layout = ClassLayout(x.shape, axis: axis.of(x.shape))
    let (classes, inner) = (layout.classes, layout.inner)
    var right = [Int](repeating: 0, count: classes), all = right, failed = false
    x.read { x in
      pass.bottoms[1].data.read { values in
        for position in 0..<values.count where !failed {
          switch labels.read(values[position], at: position, classes: classes, pass) {
          case .label(let label):
            let first = position / inner * classes * inner + position % inner, score = x[first + label * inner]
            let better = (0..<classes).count { $0 != label && x[first + $0 * inner] >= score }
            all[label] += 1
            if better < best { right[label] += 1 }
          case .ignored: break
          case .failed: failed = true
          }
        }
      }
    }
    let share = { (right: Int, all: Int) in all == 0 ? 0 : Float(right) / Float(all) }
    pass.tops[0].data.fill(share(right.reduce(0, +), all.reduce(0, +)))
    guard perClass else { return }
    pass.tops[1].data.write { y in for c in 0..<classes { y[c] = share(right[c], all[c]) } }
  }
}
