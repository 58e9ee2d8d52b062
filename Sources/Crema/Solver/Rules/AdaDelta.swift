import Prototxt

/// `h1 = momentum * h1 + (1 - momentum) * g^2`, `v = g * sqrt((delta + h2) / (delta + h1))`,
/// `h2 = momentum * h2 + (1 - momentum) * v^2`, and the step is `rate * v`.
struct AdaDelta: UpdateRule {
  static let type = "AdaDelta"
  static let histories = 2
  private let momentum: Float, delta: Float

  init(_ solver: Message) { (momentum, delta) = (solver.float("momentum"), solver.float("delta")) }

  func apply(_ gradient: Tensor, _ history: [Tensor], _ range: Range<Int>, rate: Float, iteration: Int) {
    unsafe gradient.update(range, with: history[0], history[1]) { kernels, g, h1, h2, count in
      unsafe kernels.adadelta(g, h1, h2, momentum, delta, rate, count)
    }
  }
}
