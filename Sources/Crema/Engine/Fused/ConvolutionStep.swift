/// A convolution of its own that runs backward: image by image, but its weights' gradient in parts of the weights over the whole
/// batch. No slice has a gradient for itself, and nothing is summed.
final class ConvolutionStep: Step {
  /// The multiply-adds of an image from which on a convolution is taken out of its chain.
  private static let leastWork = 10_000_000

  let nodes: Range<Int>
  let sums: [Tensor] = []
  let jobs: Int
  let backwardJobs: Int
  let preparations: [[Tensor]]
  private let call: ConvolutionOperator
  private let passes: [Pass]  // by image
  private let whole: Pass
  private let scratch: CommonScratch

  /// `nil` if the node is something else, or better off in its chain.
  init?(_ index: Int, in memory: Memory, usesWinograd: Bool) {
    let graph = memory.graph, node = graph.nodes[index]
    guard node.runsBackward, node.layer is Convolution, node.learns[0], node.bottoms.count == 1,
      node.plan.multiplyAdds >= Self.leastWork * memory.values[node.bottoms[0]].shape[0],
      !Self.isRectified(index, in: graph)
    else { return nil }
    let item = ChainPlan.Item(node: index, bottoms: node.bottoms, tops: node.tops)
    guard let call = ConvolutionOperator(item, in: memory, usesWinograd: usesWinograd), call.batchParts > 0 else {
      return nil
    }
    (nodes, self.call, preparations, scratch) = (index..<index + 1, call, call.preparations, memory.scratch)
    jobs = memory.values[node.bottoms[0]].shape[0]
    backwardJobs = call.batchParts + (call.wantsBottom ? jobs : 0) + 1
    scratch.reserve(call.scratch)
    whole = memory.pass(index)
    passes = (0..<jobs).map { memory.pass(index).images($0..<$0 + 1) }
  }

  /// Whether a ReLU comes next that works in place, which is computed along with the convolution.
  private static func isRectified(_ index: Int, in graph: Graph) -> Bool {
    guard index + 1 < graph.nodes.count else { return false }
    let next = graph.nodes[index + 1]
    return next.layer is ReLU && next.tops == graph.nodes[index].tops && next.bottoms == next.tops
  }

  func prepare(_ piece: Int) { call.prepare(piece) }

  func forward(_ job: Int, worker: Int) { call.forward(lend(passes[job], worker)) }

  /// Parts of the weights first, since they are more work.
  func backward(_ job: Int, worker: Int) {
    if job < call.batchParts {
      call.addWeights(lend(whole, worker), part: job)
    } else if job == backwardJobs - 1 {
      call.addBiases(whole)
    } else {
      call.data(lend(passes[job - call.batchParts], worker), image: 0)
    }
  }

  func sum(_ index: Int) {}

  private func lend(_ pass: Pass, _ worker: Int) -> Pass {
    var pass = pass
    pass.scratch = scratch.lend(call.scratch, worker)
    return pass
  }
}

extension Pass {
  /// The pass on some images.
  fileprivate func images(_ range: Range<Int>) -> Pass {
    Pass(
      bottoms: bottoms.map { $0.images(range) }, tops: tops.map { $0.images(range) }, weights: weights, kept: kept,
      state: state, wanted: wanted, learns: learns, keeps: keeps, failures: failures)
  }
}
