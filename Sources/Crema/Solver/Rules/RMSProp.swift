import Prototxt

/// `h = decay * h + (1 - decay) * g^2`, and the step is `rate * g / (sqrt(h) + delta)`.
struct RMSProp: UpdateRule {
  static let type = "RMSProp"
  static let histories = 1
  private let delta: Float, decay: Float

  init(_ solver: Message) throws(Diagnostic) {
    guard solver.float("momentum") == 0 else {
      throw solver.error("momentum", "Momentum cannot be used with RMSProp; remove it or set it to 0")
    }
    (delta, decay) = (solver.float("delta"), solver.float("rms_decay"))
    guard (0..<1).contains(decay) else {
      throw solver.error("rms_decay", "rms_decay must be at least 0 and below 1, not \(decay)")
    }
  }

  func apply(_ gradient: Tensor, _ history: [Tensor], rate: Float, iteration: Int) {
    history[0].assign(history[0], gradient) { h, g in decay * h + (1 - decay) * (g * g) }
    gradient.assign(gradient, history[0]) { g, h in rate * (g / (h.squareRoot() + delta)) }
  }
}
