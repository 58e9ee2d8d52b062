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

  func apply(_ gradient: Tensor, _ history: [Tensor], _ range: Range<Int>, rate: Float, iteration: Int) {
    let t = Double(iteration + 1)
    let correction = Float((1 - pow(Double(beta2), t)).squareRoot() / (1 - pow(Double(beta1), t)))
    let scale = rate * correction
    unsafe gradient.update(range, with: history[0], history[1]) { kernels, g, m, v, count in
      unsafe kernels.adam(g, m, v, beta1, beta2, delta, scale, count)
    }
  }
}
