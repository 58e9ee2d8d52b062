/// One call of a chain that is a single slice and only runs forward, in parts of its own: several threads share an image.
final class ImageStep: Step {
  let nodes: Range<Int>
  let jobs: Int
  let sums: [Tensor] = []
  let hidden: Hidden?
  let preparations: [[Tensor]]
  private let call: any Operator
  private let passes: [[Pass]]  // [worker][part]

  /// The steps of a chain.
  ///
  /// - Parameter chain: memory for one worker, since all work on the same slice.
  static func steps(_ chain: ChainMemory, images: Range<Int>, operators: [any Operator]) -> [ImageStep] {
    let scratch = (0..<chain.memory.workers).map { _ in ScratchMemory(for: operators) }
    let nodes = chain.plan.nodes
    return operators.enumerated().map { index, call in
      let first = index == 0 ? nodes.lowerBound : call.item.node
      let end = index + 1 < operators.count ? operators[index + 1].item.node : nodes.upperBound
      return ImageStep(first..<end, chain, images, call, scratch)
    }
  }

  private init(
    _ nodes: Range<Int>, _ chain: ChainMemory, _ images: Range<Int>, _ call: any Operator, _ scratch: [ScratchMemory]
  ) {
    (self.nodes, self.call, hidden) = (nodes, call, chain.hidden)
    let parts = images.count == 1 ? min(call.partsOfImage, chain.memory.workers) : 1
    jobs = parts
    preparations = call.preparations
    passes = scratch.map { scratch in
      let whole = chain.pass(call.item, images, worker: 0, own: [:], scratch: scratch.lend(call.scratch))
      return (0..<parts).map { part in
        if parts == 1 { return whole }
        return call.cutsChannels ? whole.channels(part, of: parts) : whole.part(part, of: parts)
      }
    }
  }

  func prepare(_ piece: Int) { call.prepare(piece) }
  func forward(_ job: Int, worker: Int) { call.forward(passes[worker][job]) }
  func backward(_ job: Int, worker: Int) {}
  func sum(_ index: Int) {}
}

extension Pass {
  /// The same pass, in which a call computes one of several parts.
  func part(_ part: Int, of parts: Int) -> Pass { with(bottoms, tops, weights, part: part, parts: parts) }

  /// The pass on some channels of one image: each blob, and each weight that has an element for each channel, comes as a part.
  func channels(_ part: Int, of parts: Int) -> Pass {
    let channels = tops[0].shape[1], range = channels * part / parts..<channels * (part + 1) / parts
    func cut(_ tensor: Tensor) -> Tensor {
      let inner = tensor.shape.count(from: 2)
      return tensor.view(Shape([1, range.count] + tensor.shape.axes.dropFirst(2)), from: range.lowerBound * inner)
    }
    func cut(_ blob: Blob) -> Blob { Blob(cut(blob.data), gradient: cut(blob.gradient)) }
    let own = weights.map { blob in
      guard blob.shape.axes.first == channels else { return blob }
      let inner = blob.shape.count(from: 1), shape = blob.shape.images(range.count)
      return Blob(
        blob.data.view(shape, from: range.lowerBound * inner),
        gradient: blob.gradient.view(shape, from: range.lowerBound * inner))
    }
    return with(bottoms.map(cut), tops.map(cut), own, part: 0, parts: 1)
  }

  private func with(_ bottoms: [Blob], _ tops: [Blob], _ weights: [Blob], part: Int, parts: Int) -> Pass {
    Pass(
      bottoms: bottoms, tops: tops, weights: weights, kept: kept, state: state, scratch: scratch, wanted: wanted,
      learns: learns, keeps: keeps, part: part, parts: parts, failures: failures)
  }
}
