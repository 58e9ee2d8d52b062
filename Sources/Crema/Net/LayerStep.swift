/// A chain slice by slice, depth first.
final class LayerStep: Step {
  let nodes: Range<Int>
  let jobs: Int
  let sums: [Tensor]
  let hidden: Hidden?
  let preparations: [[Tensor]]
  private let operators: [any Operator]
  private let runsBackward: [Bool]
  private let passes: [[[Pass]]]  // [worker][job][operator]
  private let own: [[Tensor]]  // [sum][job]: gradients of a slice
  private let targets: [(index: Int, weight: Int)]  // by sum
  private let pieces: [(index: Int, piece: Int)]  // by preparation
  private let replaced: [Tensor]

  /// - Parameters:
  ///   - slices: which images each job computes.
  ///   - operators: what computes the items of the plan.
  init(_ chain: ChainMemory, slices: [Range<Int>], operators: [any Operator]) {
    let graph = chain.memory.graph
    nodes = chain.plan.nodes
    jobs = slices.count
    self.operators = operators
    hidden = chain.hidden
    let runsBackward = operators.map { graph.nodes[$0.item.node].runsBackward }
    self.runsBackward = runsBackward
    var own: [[Tensor]] = [], targets: [(index: Int, weight: Int)] = []
    for (index, item) in operators.enumerated() where runsBackward[index] {
      for weight in chain.memory.weights[item.item.node].indices {
        guard let shape = item.ownGradient(of: weight, isSliced: slices.count > 1) else { continue }
        own.append(slices.map { _ in Tensor(shape) })
        targets.append((index, weight))
      }
    }
    (self.own, self.targets) = (own, targets)
    sums = targets.map { chain.memory.weights[operators[$0.index].item.node][$0.weight].gradient }
    passes = (0..<chain.memory.workers).map { worker in
      let scratch = ScratchMemory(for: operators)
      return slices.enumerated().map { job, images in
        operators.enumerated().map { index, item in
          var gradients: [Int: Tensor] = [:]
          for (sum, target) in targets.enumerated() where target.index == index {
            gradients[target.weight] = own[sum][job]
          }
          return chain.pass(item.item, images, worker: worker, own: gradients, scratch: scratch.lend(item.scratch))
        }
      }
    }
    (pieces, preparations) = Self.preparations(of: operators)
    replaced = Self.replaced(nodes, in: chain.memory)
  }

  static func preparations(of operators: [any Operator]) -> (pieces: [(index: Int, piece: Int)], sources: [[Tensor]]) {
    var pieces: [(index: Int, piece: Int)] = [], sources: [[Tensor]] = []
    for (index, item) in operators.enumerated() {
      for (piece, weights) in item.preparations.enumerated() {
        pieces.append((index, piece))
        sources.append(weights)
      }
    }
    return (pieces, sources)
  }

  /// The gradients of the net that each backward pass replaces.
  static func replaced(_ nodes: Range<Int>, in memory: Memory) -> [Tensor] {
    nodes.flatMap { node in
      zip(memory.graph.nodes[node].plan.weights, memory.weights[node]).filter { $0.0.replacesGradient }.map {
        $0.1.gradient
      }
    }
  }

  func prepare(_ piece: Int) { operators[pieces[piece].index].prepare(pieces[piece].piece) }

  func forward(_ job: Int, worker: Int) {
    let passes = passes[worker][job]
    for index in operators.indices { operators[index].forward(passes[index]) }
  }

  func startBackward() { for gradient in replaced { gradient.clear() } }

  func backward(_ job: Int, worker: Int) {
    for gradients in own { gradients[job].clear() }
    let passes = passes[worker][job]
    for index in operators.indices.reversed() where runsBackward[index] { operators[index].backward(passes[index]) }
  }

  func sum(_ index: Int) { operators[targets[index].index].add(own[index], weight: targets[index].weight) }
}
