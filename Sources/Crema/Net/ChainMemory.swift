/// The memory that the calls of a chain are lent: that of the net, or of a worker where nobody else needs it.
struct ChainMemory {
  let plan: ChainPlan
  let memory: Memory
  private let shared: SharedMemory?
  private let arenas: [Tensor]  // by worker: one slice of data
  private let gradients: [[Int: Tensor]]  // by worker and value: one slice

  /// - Parameters:
  ///   - workers: how many calls may run at the same time, each on a slice of its own.
  ///   - sharesData: whether values that nobody watches use the same memory one after the other.
  ///   - keepsGradients: whether the gradients of values that only the chain touches are read by others.
  init(_ plan: ChainPlan, in memory: Memory, workers: Int, sharesData: Bool, keepsGradients: Bool) {
    (self.plan, self.memory) = (plan, memory)
    let shared = sharesData && plan.isForwardOnly ? SharedMemory(plan) : nil
    self.shared = shared
    arenas = (0..<workers).map { _ in Tensor([(shared?.count ?? 0) * plan.images]) }
    let inner = plan.isForwardOnly || keepsGradients ? [] : memory.graph.inner(plan.nodes).sorted()
    gradients = (0..<workers).map { _ in
      Dictionary(uniqueKeysWithValues: inner.map { ($0, Tensor(memory.values[$0].shape.images(plan.images))) })
    }
  }

  /// The values whose data, or whose gradients, cannot be read after a pass.
  var hidden: Hidden {
    Hidden(data: shared == nil ? [] : plan.inner, gradients: Set(gradients[0].keys))
  }

  /// A slice of a value, for a call by a worker.
  func blob(_ value: Int, _ images: Range<Int>, worker: Int) -> Blob {
    let (root, offset) = plan.root(value), own = memory.values[value], shape = own.shape.images(images.count)
    let data: Tensor
    if let start = shared?.offsets[root] {
      data = arenas[worker].view(shape, from: start * plan.images + offset)
    } else {
      data = memory.values[root].data.images(images).view(shape, from: offset)
    }
    return Blob(data, gradient: gradients[worker][value]?.images(0..<images.count) ?? own.gradient.images(images))
  }

  /// The pass of an operator on a slice.
  ///
  /// - Parameter own: by weight, the gradient that the slice has for itself.
  func pass(
    _ item: ChainPlan.Item, _ images: Range<Int>, worker: Int, own: [Int: Tensor], scratch: [Tensor]
  ) -> Pass {
    let node = memory.graph.nodes[item.node]
    let weights = memory.weights[item.node].enumerated().map { i, blob in
      own[i].map { Blob(blob.data, gradient: $0) } ?? blob
    }
    return Pass(
      bottoms: item.reads.map { blob($0, images, worker: worker) },
      tops: item.tops.map { blob($0, images, worker: worker) }, weights: weights,
      kept: memory.kept[item.node].map { $0.images(images) }, state: memory.state[item.node], scratch: scratch,
      wanted: node.wanted, learns: node.learns, keeps: node.runsBackward, failures: memory.failures[item.node])
  }
}

/// Memory that the calls of a worker use one after the other: as large as the neediest.
struct ScratchMemory {
  private let arena: Tensor

  init(for operators: [any Operator]) {
    arena = Tensor([operators.map { $0.scratch.reduce(0) { $0 + $1.count } }.max() ?? 0])
  }

  /// The memory of these shapes, one behind the other.
  func lend(_ shapes: [Shape]) -> [Tensor] {
    var at = 0
    return shapes.map { shape in
      defer { at += shape.count }
      return arena.view(shape, from: at)
    }
  }
}
