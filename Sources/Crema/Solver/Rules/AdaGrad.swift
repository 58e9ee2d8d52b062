import Prototxt

/// `h = h + g^2`, and the step is `rate * g / (sqrt(h) + delta)`.
struct AdaGrad: UpdateRule {
  static let type = "AdaGrad"
  static let histories = 1
  private let delta: Float

  init(_ solver: Message) throws(Diagnostic) {
    guard solver.float("momentum") == 0 else {
      throw solver.error("momentum", "Momentum cannot be used with AdaGrad; remove it or set it to 0")
    }
    delta = solver.float("delta")
  }

  func apply(_ gradient: Tensor, _ history: [Tensor], rate: Float, iteration: Int) {
    history[0].assign(history[0], gradient) { h, g in g * g + h }
    gradient.assign(gradient, history[0]) { g, h in rate * (g / (h.squareRoot() + delta)) }
  }
}
