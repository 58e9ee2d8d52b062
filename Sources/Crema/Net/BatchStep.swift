/// A layer over the whole batch, perhaps with layers behind it, in parts.
final class BatchStep: Step {
  let nodes: Range<Int>
  let jobs: Int
  let forwardPhases: Int, backwardPhases: Int
  let sums: [Tensor] = []
  let preparations: [[Tensor]]
  var hidden: Hidden? { call.hidden }
  var joinedGradients: [(Int, Int)] { call.joinedGradients }
  private let call: any Operator
  private let runsBackward: Bool
  private let passes: [[Pass]]  // [worker][part]
  private let replaced: [Tensor]
  let started: [Tensor]

  /// - Parameter parts: the number of calls.
  init(_ nodes: Range<Int>, _ call: any Operator, in memory: Memory, parts: Int) {
    (self.nodes, self.call, jobs, preparations) = (nodes, call, parts, call.preparations)
    let node = memory.graph.nodes[call.item.node]
    runsBackward = node.runsBackward
    (forwardPhases, backwardPhases) = (call.forwardPhases, runsBackward ? call.backwardPhases : 1)
    let shared = node.plan.shared.map { Tensor($0) }
    let started = call is LayerOperator ? Self.started(node, memory.weights[call.item.node], in: memory) : []
    self.started = started
    passes = (0..<memory.workers).map { _ in
      let scratch = ScratchMemory(for: [call]).lend(call.scratch)
      return (0..<parts).map { part in
        Pass(
          bottoms: call.item.reads.map { memory.values[$0] }, tops: memory.written(call.item.node, call.item.tops),
          weights: memory.weights[call.item.node], kept: memory.kept[call.item.node],
          state: memory.state[call.item.node], shared: shared, scratch: scratch, wanted: node.wanted,
          learns: node.learns,
          keeps: node.runsBackward, part: part, parts: parts, failures: memory.failures[call.item.node],
          gradients: started.isEmpty ? nil : memory.gradients)
      }
    }
    replaced = LayerStep.replaced(nodes, in: memory)
  }

  /// The gradients that this layer's backward pass writes whole, if no other layer adds to one of them.
  private static func started(_ node: Graph.Node, _ blobs: [Blob], in memory: Memory) -> [Tensor] {
    guard node.runsBackward else { return [] }
    let whole = node.weights.indices.filter { node.plan.weights[$0].startsGradient && node.learns[$0] }
    let all = memory.graph.nodes.flatMap(\.weights)
    let isShared = whole.contains { i in all.count { $0.parameter == node.weights[i].parameter } > 1 }
    return isShared ? [] : whole.map { blobs[$0].gradient }
  }

  func prepare(_ piece: Int) { call.prepare(piece) }
  func forward(_ job: Int, worker: Int) { call.forward(passes[worker][job % jobs].inPhase(job / jobs)) }
  func startBackward() { for gradient in replaced { gradient.clear() } }
  func backward(_ job: Int, worker: Int) {
    if runsBackward { call.backward(passes[worker][job % jobs].inPhase(job / jobs)) }
  }
  func sum(_ index: Int) {}
}
