import Prototxt

/// The mean over images of the sum over classes of `max(0, 1 + x)`, or of its square if `norm` is L2, with -x for the
/// label's class.
///
/// - bottoms: predictions, and a label (a class number) for each image.
/// - top: the loss, a scalar.
package struct HingeLoss: Layer {
  package static let type = "HingeLoss"
  package static let arity = Arity(bottoms: 2...2, tops: 1...1)
  package static let traits = Traits.lossWithLabels

  let isSquared: Bool

  package init(_ fields: Fields) throws(Diagnostic) {
    isSquared = fields.parameters("hinge_loss_param").enumeration("norm") == "L2"
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    try Labels.checkImages(bottoms)
    return Plan(tops: [[]], division: .whole)
  }

  package func forward(_ pass: Pass) {
    guard let labels = Labels.classes(pass) else { return }
    var total = 0.0
    pass.bottoms[0].data.read { x in
      each(labels, x.count) { at, sign in
        let margin = max(0, 1 + sign * x[at])
        total += Double(isSquared ? margin * margin : margin)
      }
    }
    pass.tops[0].data.fill(Float(total) / Float(labels.count))
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0], let labels = Labels.classes(pass) else { return }
    let weight = pass.tops[0].gradient.read { $0[0] }, images = Float(labels.count)
    let factor = isSquared ? weight * 2 / images : weight / images
    pass.bottoms[0].gradient.write(reading: pass.bottoms[0].data) { x, dx in
      each(labels, x.count) { at, sign in
        let margin = max(0, 1 + sign * x[at])
        dx[at] = sign * (isSquared ? margin : margin > 0 ? 1 : 0) * factor
      }
    }
  }

  /// Each prediction, and the sign that its class gives it.
  @inline(__always)
  private func each(_ labels: [Int], _ count: Int, _ body: (_ at: Int, _ sign: Float) -> Void) {
    let classes = count / max(labels.count, 1)
    for (image, label) in labels.enumerated() {
      for c in 0..<classes { body(image * classes + c, c == label ? -1 : 1) }
    }
  }
}
