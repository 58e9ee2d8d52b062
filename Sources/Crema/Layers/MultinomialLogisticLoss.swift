import Glibc
import Prototxt

/// The mean of -log of the probability at the label.
///
/// - bottoms: probabilities, and a label (a class number) for each image.
/// - top: the loss, a scalar.
package struct MultinomialLogisticLoss: Layer {
  package static let type = "MultinomialLogisticLoss"
  package static let arity = Arity(bottoms: 2...2, tops: 1...1)
  package static let traits = Traits.lossWithLabels

  package init(_ fields: Fields) throws(Diagnostic) {}

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    try Labels.checkImages(bottoms)
    return Plan(tops: [[]], division: .whole)
  }

  package func forward(_ pass: Pass) {
    guard let labels = Labels.classes(pass) else { return }
    let classes = pass.bottoms[0].shape.count(from: 1)
    let loss = pass.bottoms[0].data.read { p in
      labels.enumerated().reduce(Float(0)) { $0 - logf(max(p[$1.offset * classes + $1.element], smallestProbability)) }
    }
    pass.tops[0].data.fill(loss / Float(labels.count))
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0], let labels = Labels.classes(pass) else { return }
    let dx = pass.bottoms[0].gradient, classes = dx.shape.count(from: 1)
    let factor = -pass.tops[0].gradient.read { $0[0] } / Float(labels.count)
    dx.clear()
    dx.write(reading: pass.bottoms[0].data) { p, dx in
      for (image, label) in labels.enumerated() {
        let at = image * classes + label
        dx[at] = factor / max(p[at], smallestProbability)
      }
    }
  }
}

/// The least probability whose logarithm is taken, so that none is infinite.
let smallestProbability: Float = 1e-20
