import Prototxt

/// Sets values to zero at random while training, and scales the others up; may work in place. Copies in the TEST phase.
///
/// - kept: while training, 1 for each value that stays and 0 for the others.
package struct Dropout: DrawingLayer {
  package static let type = "Dropout"
  package static let traits = Traits.inPlace

  let ratio: Float, isTraining: Bool
  private var scale: Float { Float(1 / (1 - Double(ratio))) }

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("dropout_param")
    ratio = parameters.float("dropout_ratio")
    isTraining = fields.phase == .train
    guard ratio >= 0, ratio < 1 else {
      throw parameters.error("dropout_ratio", "dropout_ratio must be 0 or more and less than 1, and it is \(ratio)")
    }
  }

  package func plan(_ bottoms: [Shape]) -> Plan {
    Plan(tops: [bottoms[0]], division: .byImages(bottoms), kept: isTraining ? [bottoms[0]] : [])
  }

  package func draw(_ pass: Pass, from random: RandomStream) {
    guard isTraining else { return }
    let stays = 1 - Double(ratio)
    pass.kept[0].write { mask in
      for i in 0..<mask.count { mask[i] = random.bernoulli(stays) ? 1 : 0 }
    }
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    if isTraining { y.assign(x, pass.kept[0]) { $0 * $1 * scale } } else { y.copy(x) }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient)
    if isTraining { dx.assign(dy, pass.kept[0]) { $0 * $1 * scale } } else { dx.copy(dy) }
  }
}
