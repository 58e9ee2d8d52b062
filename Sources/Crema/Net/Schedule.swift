/// The steps of a net, in the order they run forward.
struct Schedule {
  let steps: [any Step]
  /// For each weight gradient of the net, the sums that go to it, in backward order.
  private let sums: [[(step: any Step, index: Int)]]
  private let preparations: [Preparation]

  /// A piece of a step's preparations, and the weights as it knows them.
  private final class Preparation {
    let step: any Step, piece: Int, weights: [Tensor]
    var stamps: [Int] = []
    init(_ step: any Step, _ piece: Int, _ weights: [Tensor]) {
      (self.step, self.piece, self.weights) = (step, piece, weights)
    }

    /// Whether it must be done again; it then counts as done.
    func takeNeed() -> Bool {
      var isNeeded = stamps.count != weights.count || weights.isEmpty
      if isNeeded { stamps = Array(repeating: -1, count: weights.count) }
      for (index, weight) in weights.enumerated() {
        let stamp = weight.stamp
        if stamp == nil || stamp != stamps[index] { isNeeded = true }
        stamps[index] = stamp ?? -1
      }
      return isNeeded
    }
  }

  /// - Parameter older: a schedule that begins with the same steps: what they have prepared is still good.
  init(_ steps: [any Step], older: Schedule? = nil) {
    self.steps = steps
    sums = Self.sums(of: steps)
    preparations = steps.enumerated().flatMap { index, step in
      let known = older.flatMap { $0.steps.count > index && $0.steps[index] === step ? $0 : nil }
      return known?.preparations.filter { $0.step === step }
        ?? step.preparations.enumerated().map { Preparation(step, $0, $1) }
    }
  }

  private static func sums(of steps: [any Step]) -> [[(step: any Step, index: Int)]] {
    var groups: [[(step: any Step, index: Int)]] = []
    var targets: [Tensor] = []
    for step in steps.reversed() {
      for (index, target) in step.sums.enumerated() {
        if let group = targets.firstIndex(where: { $0.isSame(as: target) }) {
          groups[group].append((step, index))
        } else {
          targets.append(target)
          groups.append([(step, index)])
        }
      }
    }
    return groups
  }

  /// Whether a step writes a gradient whole, if it is the first backward pass of an iteration.
  func starts(_ gradient: Tensor) -> Bool {
    steps.contains { step in step.started.contains { $0.isSame(as: gradient) } }
  }

  /// Steps learn which weights have changed.
  func prepare(on workers: Workers) {
    let needed = preparations.filter { $0.takeNeed() }
    workers.run(needed.count) { _, i in needed[i].step.prepare(needed[i].piece) }
  }

  /// Adds the gradients of slices to those of the net.
  func sum(on workers: Workers) {
    workers.run(sums.count) { [sums] _, group in
      for (step, index) in sums[group] { step.sum(index) }
    }
  }
}
