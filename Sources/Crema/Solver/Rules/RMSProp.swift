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

  func apply(_ gradient: Tensor, _ history: [Tensor], _ range: Range<Int>, rate: Float, iteration: Int) {
    unsafe gradient.update(range, with: history[0]) { kernels, g, h, count in
      unsafe kernels.rmsprop(g, h, decay, delta, rate, count)
    }
  }
}
