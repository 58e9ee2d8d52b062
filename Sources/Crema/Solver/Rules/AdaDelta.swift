import Prototxt

/// `h1 = momentum * h1 + (1 - momentum) * g^2`, `v = g * sqrt((delta + h2) / (delta + h1))`,
/// `h2 = momentum * h2 + (1 - momentum) * v^2`, and the step is `rate * v`.
struct AdaDelta: UpdateRule {
  static let type = "AdaDelta"
  static let histories = 2
  private let momentum: Float, delta: Float

  init(_ solver: Message) { (momentum, delta) = (solver.float("momentum"), solver.float("delta")) }

  func apply(_ gradient: Tensor, _ history: [Tensor], rate: Float, iteration: Int) {
    gradient.update(with: history[0], history[1]) { g, squares, steps in
      let squares = momentum * squares + (1 - momentum) * (g * g)
      let step = g * ((delta + steps) / (delta + squares)).squareRoot()
      return (rate * step, squares, momentum * steps + (1 - momentum) * (step * step))
    }
  }
}
