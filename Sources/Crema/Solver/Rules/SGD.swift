import Prototxt

/// Momentum: `h = momentum * h + rate * g`, and the step is `h`.
struct SGD: UpdateRule {
  static let type = "SGD"
  static let histories = 1
  private let momentum: Float

  init(_ solver: Message) { momentum = solver.float("momentum") }

  func apply(_ gradient: Tensor, _ history: [Tensor], _ range: Range<Int>, rate: Float, iteration: Int) {
    gradient.gatherMomentum(range, history[0], factor: momentum, rate: rate)
  }
}
