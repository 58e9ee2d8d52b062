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

  func apply(_ gradient: Tensor, _ history: [Tensor], _ range: Range<Int>, rate: Float, iteration: Int) {
    unsafe gradient.update(range, with: history[0]) { kernels, g, h, count in
      unsafe kernels.adagrad(g, h, delta, rate, count)
    }
  }
}
