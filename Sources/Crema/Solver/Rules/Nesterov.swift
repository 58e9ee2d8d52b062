import Prototxt

/// Nesterov's momentum: `h' = momentum * h + rate * g`, and the step is `(1 + momentum) * h' - momentum * h`.
struct Nesterov: UpdateRule {
  static let type = "Nesterov"
  static let histories = 1
  private let momentum: Float

  init(_ solver: Message) { momentum = solver.float("momentum") }

  func apply(_ gradient: Tensor, _ history: [Tensor], _ range: Range<Int>, rate: Float, iteration: Int) {
    unsafe gradient.update(range, with: history[0]) { kernels, g, h, count in
      unsafe kernels.nesterov(g, h, momentum, rate, count)
    }
  }
}
