import Glibc
import Prototxt

/// `m = beta1 * m + (1 - beta1) * g`, `v = beta2 * v + (1 - beta2) * g^2`, and the step is
/// `rate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + delta)`, with `t` counting from 1.
///
/// `momentum` is beta1, `momentum2` is beta2.
struct Adam: UpdateRule {
  static let type = "Adam"
  static let histories = 2
  private let beta1: Float, beta2: Float, delta: Float

  init(_ solver: Message) {
    (beta1, beta2, delta) = (solver.float("momentum"), solver.float("momentum2"), solver.float("delta"))
  }

  func apply(_ gradient: Tensor, _ history: [Tensor], rate: Float, iteration: Int) {
    let t = Double(iteration + 1)
    let correction = Float((1 - pow(Double(beta2), t)).squareRoot() / (1 - pow(Double(beta1), t)))
    let scale = rate * correction
    gradient.update(with: history[0], history[1]) { g, m, v in
      let m = beta1 * m + (1 - beta1) * g
      let v = beta2 * v + (1 - beta2) * (g * g)
      return (scale * (m / (v.squareRoot() + delta)), m, v)
    }
  }
}
