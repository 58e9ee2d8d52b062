import Prototxt

/// Nesterov's momentum: `h' = momentum * h + rate * g`, and the step is `(1 + momentum) * h' - momentum * h`.
struct Nesterov: UpdateRule {
  static let type = "Nesterov"
  static let histories = 1
  private let momentum: Float

  init(_ solver: Message) { momentum = solver.float("momentum") }

  func apply(_ gradient: Tensor, _ history: [Tensor], rate: Float, iteration: Int) {
    gradient.update(with: history[0]) { g, old in
      let new = momentum * old + rate * g
      return ((1 + momentum) * new - momentum * old, new)
    }
  }
}
