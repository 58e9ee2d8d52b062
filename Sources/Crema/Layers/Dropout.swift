import Prototxt

/// Sets values to zero at random while training, and scales the others up; may work in place. Copies in the TEST phase.
///
/// Two fields of forks change this: without `scale_train` values are scaled down in the TEST phase instead, and with
/// `sample_weights_test` that phase is as TRAIN.
///
/// - kept: while training, 1 for each value that stays and 0 for the others.
package struct Dropout: DrawingLayer {
  package static let type = "Dropout"
  package static let traits = Traits.inPlace

  let ratio: Float, isTraining: Bool
  /// What values are multiplied by besides the mask.
  private let scale: Float
  /// Whether the layer does nothing.
  var isCopy: Bool { !isTraining && scale == 1 }

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("dropout_param")
    ratio = parameters.float("dropout_ratio")
    isTraining = fields.phase == .train || parameters.bool("sample_weights_test")
    guard ratio >= 0, ratio < 1 else {
      throw parameters.error("dropout_ratio", "dropout_ratio must be 0 or more and less than 1, and it is \(ratio)")
    }
    let up = Float(1 / (1 - Double(ratio)))
    scale = parameters.bool("scale_train") == isTraining ? (isTraining ? up : 1 / up) : 1
  }

  package func plan(_ bottoms: [Shape]) -> Plan {
    Plan(tops: [bottoms[0]], division: .byImages(bottoms), kept: isTraining ? [bottoms[0]] : [])
  }

  package func draw(_ pass: Pass, from random: RandomStream) {
    guard isTraining else { return }
    let stays = 1 - Double(ratio)
    pass.kept[0].write { mask in random.fill(&mask, bernoulli: stays) }
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    if isTraining { y.assign(x, pass.kept[0]) { $0 * $1 * scale } } else { copy(x, to: y) }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient)
    if isTraining { dx.assign(dy, pass.kept[0]) { $0 * $1 * scale } } else { copy(dy, to: dx) }
  }

  private func copy(_ x: Tensor, to y: Tensor) {
    if scale == 1 { y.copy(x) } else { y.assign(x) { $0 * scale } }
  }
}
