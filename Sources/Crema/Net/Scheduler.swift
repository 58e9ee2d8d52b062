/// Divides a net into steps: chains of layers that take each image for itself, and layers that need the batch. The division
/// depends on the batch and the shapes only, never on the number of threads.
struct Scheduler {
  /// The number of calls that a layer divided in parts gets.
  static let parts = 16
  /// The most slices of a batch that keeps something for a backward pass.
  static let mostSlices = 16
  /// The most numbers that the slices' own weight gradients of one step may take together.
  static let largestSliceGradients = 32 << 20
  /// The same for an engine's operators, of which each chain is a step.
  static let largestOwnGradients = 2 << 20

  let memory: Memory
  let engine: (any Engine)?
  let demands: Demands
  /// Each layer is a step of its own.
  let separates: Bool
  private var nodes: [Graph.Node] { memory.graph.nodes }

  init(_ memory: Memory, engine: (any Engine)?, separates: Bool, demands: Demands) {
    (self.memory, self.engine, self.separates, self.demands) = (memory, engine, separates, demands)
  }

  /// All steps.
  ///
  /// - Parameters:
  ///   - older: a schedule of the same net, of which some steps stay.
  ///   - node: the first node that has changed: it begins a step.
  func schedule(keeping older: Schedule? = nil, before node: Int = 0) -> Schedule {
    var steps = older?.steps.filter { $0.nodes.upperBound <= node } ?? []
    var first = steps.last?.nodes.upperBound ?? 0
    while first < nodes.count {
      if isEmpty(nodes[first]) {
        steps.append(EmptyStep(first, in: memory))
        first += 1
        continue
      }
      guard let batch = images(nodes[first]) else {
        let step = batchStep(first)
        steps.append(step)
        first = step.nodes.upperBound
        continue
      }
      var last = first + 1
      while !separates, last < nodes.count, images(nodes[last]) == batch { last += 1 }
      let chain = first..<last
      let slices = slices(of: batch, chain, gradients: Self.largestSliceGradients)
      let made = engine?.steps(chain, in: memory, slices: slices, demands: demands) ?? []
      let plain = first..<(made.first?.nodes.lowerBound ?? last)
      if !plain.isEmpty { steps += pieces(plain, batch) }
      steps += made
      first = made.last?.nodes.upperBound ?? last
    }
    return Schedule(steps, older: older)
  }

  /// Whether a node has tops, but nothing to write into them: no image was selected.
  private func isEmpty(_ node: Graph.Node) -> Bool {
    !(node.layer is any DecidingLayer) && !node.tops.isEmpty
      && node.tops.allSatisfy { memory.values[$0].shape.count == 0 }
  }

  /// The number of images of a node that runs slice by slice, or `nil`.
  private func images(_ node: Graph.Node) -> Int? {
    guard node.plan.division == .images else { return nil }
    let counts = Set((node.bottoms + node.tops).map { memory.values[$0].shape.axes.first })
    guard counts.count == 1, let count = counts.first, let count, count > 0 else { return nil }
    return count
  }

  private func slices(of batch: Int, _ chain: Range<Int>, gradients: Int) -> [Range<Int>] {
    let weights = chain.reduce(0) { total, node in
      total + nodes[node].plan.weights.reduce(0) { $0 + $1.shape.count }
    }
    let most = min(Self.mostSlices, max(2, gradients / max(weights, 1)))
    return slices(of: batch, size: (batch + most - 1) / most)
  }

  private func slices(of batch: Int, size: Int) -> [Range<Int>] {
    stride(from: 0, to: batch, by: size).map { $0..<min($0 + size, batch) }
  }

  private func batchStep(_ first: Int) -> BatchStep {
    let parts = nodes[first].plan.division == .parts ? Self.parts : 1
    if !separates, let twin = engine?.batchTwin(from: first, in: memory, demands: demands) {
      let last = ([twin.item.node] + twin.item.fused).max() ?? first
      return BatchStep(first..<last + 1, twin, in: memory, parts: parts)
    }
    let item = ChainPlan.Item(node: first, bottoms: nodes[first].bottoms, tops: nodes[first].tops)
    return BatchStep(first..<first + 1, LayerOperator(item, in: memory), in: memory, parts: parts)
  }

  /// A chain without steps of the engine, taken apart at the nodes that run better as a step of their own.
  private func pieces(_ chain: Range<Int>, _ batch: Int) -> [any Step] {
    var made: [any Step] = [], first = chain.lowerBound
    for node in chain {
      guard let lone = engine?.loneStep(node, in: memory) else { continue }
      if first < node { made += steps(first..<node, batch) }
      made.append(lone)
      first = node + 1
    }
    return first < chain.upperBound ? made + steps(first..<chain.upperBound, batch) : made
  }

  /// A chain by operators: slice by slice, or, if it is a single slice that only runs forward, call by call.
  private func steps(_ chain: Range<Int>, _ batch: Int) -> [any Step] {
    let fuses = engine?.fuses == true, runsBackward = chain.contains { nodes[$0].runsBackward }
    var slices = slices(of: batch, chain, gradients: fuses ? Self.largestOwnGradients : Self.largestSliceGradients)
    if fuses, !runsBackward { slices = self.slices(of: batch, size: imagesOfCall(chain, batch)) }
    let images = slices.map(\.count).max() ?? 0
    var plan = ChainPlan(chain, in: memory.graph, images: images, watched: demands.watched)
    if fuses, !separates { ChainPass.applyAll(to: &plan, except: demands.disabledPasses) }
    guard let operators = operators(plan) else { preconditionFailure("the engine has no twin for what it fuses") }
    let callByCall = fuses && !runsBackward && slices.count == 1
    let lent = ChainMemory(
      plan, in: memory, workers: callByCall ? 1 : memory.workers,
      sharesData: fuses && !separates && !demands.disabledPasses.contains(SharedMemory.name),
      keepsGradients: demands.keepsGradients)
    if callByCall { return ImageStep.steps(lent, images: slices[0], operators: operators) }
    return [LayerStep(lent, slices: slices, operators: operators)]
  }

  /// Images that are much work come one by one, so that what a slice computes stays in cache.
  private func imagesOfCall(_ chain: Range<Int>, _ batch: Int) -> Int {
    let work = chain.reduce(0) { $0 + nodes[$1].plan.multiplyAdds } / batch
    let largest = chain.flatMap { nodes[$0].tops }.map { memory.values[$0].shape.count(from: 1) }.max() ?? 0
    return work >= 500_000 || largest >= 16_384 ? 1 : (batch + Self.mostSlices - 1) / Self.mostSlices
  }

  private func operators(_ plan: ChainPlan) -> [any Operator]? {
    var operators: [any Operator] = []
    for item in plan.items {
      if let twin = engine?.twin(of: item, in: memory) {
        operators.append(twin)
      } else {
        guard item.fused.isEmpty, item.pieces == nil else { return nil }
        operators.append(LayerOperator(item, in: memory))
      }
    }
    return operators
  }
}
