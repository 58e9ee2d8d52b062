import Prototxt

/// Momentum: `h = momentum * h + rate * g`, and the step is `h`.
struct SGD: UpdateRule {
  static let type = "SGD"
  static let histories = 1
  private let momentum: Float

  init(_ solver: Message) { momentum = solver.float("momentum") }

  func apply(_ gradient: Tensor, _ history: [Tensor], rate: Float, iteration: Int) {
    history[0].assign(history[0], gradient) { h, g in momentum * h + rate * g }
    gradient.copy(history[0])
  }
}
