/// The steps of a net, in the order they run forward.
struct Schedule {
  /// The number of calls that a layer divided in parts gets, whatever the number of threads.
  static let parts = 16
  /// The most slices of a batch, whatever the number of threads.
  static let mostSlices = 16
  /// The most numbers that the slices' own weight gradients of one step may take together.
  static let largestSliceGradients = 32 << 20

  let steps: [any Step]
  /// For each weight gradient of the net, the sums that go to it, in backward order.
  private let sums: [[(step: any Step, index: Int)]]

  /// - Parameters:
  ///   - separate: each layer is a step of its own.
  ///   - demands: what the steps must leave behind.
  init(_ memory: Memory, engine: (any Engine)?, separate: Bool, demands: Demands) {
    var steps: [any Step] = []
    let nodes = memory.graph.nodes
    var first = 0
    while first < nodes.count {
      guard let batch = Self.images(nodes[first], in: memory) else {
        steps.append(
          LayerStep(first, in: memory, parts: nodes[first].plan.division == .parts ? Self.parts : 1))
        first += 1
        continue
      }
      var last = first + 1
      while !separate, last < nodes.count, Self.images(nodes[last], in: memory) == batch { last += 1 }
      let chain = first..<last
      let slices = Self.slices(of: batch, chain, in: memory)
      let made = engine?.steps(chain, in: memory, slices: slices, demands: demands) ?? []
      let end = made.last?.nodes.upperBound ?? last
      let plain = first..<(made.first?.nodes.lowerBound ?? last)
      if !plain.isEmpty {
        steps.append(LayerStep(plain, in: memory, slices: slices, keepsGradients: demands.keepsGradients))
      }
      steps += made
      first = end
    }
    self.steps = steps
    sums = Self.sums(of: steps)
  }

  /// The number of images of a node that runs slice by slice, or `nil`.
  private static func images(_ node: Graph.Node, in memory: Memory) -> Int? {
    guard node.plan.division == .images else { return nil }
    let counts = Set((node.bottoms + node.tops).map { memory.values[$0].shape.axes.first })
    guard counts.count == 1, let count = counts.first, let count, count > 0 else { return nil }
    return count
  }

  private static func slices(of batch: Int, _ chain: Range<Int>, in memory: Memory) -> [Range<Int>] {
    let weights = chain.reduce(0) { total, node in
      total + memory.graph.nodes[node].plan.weights.reduce(0) { $0 + $1.shape.count }
    }
    let most = min(mostSlices, max(2, largestSliceGradients / max(weights, 1)))
    let size = (batch + most - 1) / most
    return stride(from: 0, to: batch, by: size).map { $0..<min($0 + size, batch) }
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

  /// Steps learn that weights have changed.
  func prepare(on workers: Workers) {
    let pieces = steps.flatMap { step in (0..<step.preparations).map { (step: step, piece: $0) } }
    workers.run(pieces.count) { _, i in pieces[i].step.prepare(pieces[i].piece) }
  }

  /// Adds the gradients of slices to those of the net.
  func sum(on workers: Workers) {
    workers.run(sums.count) { [sums] _, group in
      for (step, index) in sums[group] { step.sum(index) }
    }
  }
}
