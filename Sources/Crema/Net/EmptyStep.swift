/// A layer whose tops hold no numbers: it computes nothing, and its bottoms' gradients are zero.
final class EmptyStep: Step {
  let nodes: Range<Int>
  let jobs = 1
  let sums: [Tensor] = []
  private let gradients: [Tensor]

  init(_ node: Int, in memory: Memory) {
    nodes = node..<node + 1
    let described = memory.graph.nodes[node]
    gradients = zip(described.bottoms, described.wanted).filter(\.1).map { memory.values[$0.0].gradient }
  }

  func forward(_ job: Int, worker: Int) {}
  func backward(_ job: Int, worker: Int) { for gradient in gradients { gradient.clear() } }
  func sum(_ index: Int) {}
}
