import Prototxt

/// The blobs of a net: everything that is allocated for it, except what steps keep for themselves.
package struct Memory {
  /// What the memory is for.
  package private(set) var graph: Graph
  /// By value.
  package private(set) var values: [Blob]
  /// By node. A shared weight is its owner's blob, perhaps under another shape.
  package private(set) var weights: [[Blob]]
  /// By node.
  package private(set) var kept: [[Tensor]]
  /// By node.
  package private(set) var state: [[Tensor]]
  /// By node.
  package let failures: [Failures]
  /// Which gradients hold anything, to be written instead of added to.
  package let gradients = GradientState()
  /// What calls need while they run, for steps that share it.
  let scratch: CommonScratch
  /// The number of threads that may compute at the same time.
  package let workers: Int

  /// Memory for every value of the graph, weights filled in the order of nodes.
  ///
  /// - Parameter filled: called with each node's index and its own weights, in order, before sharers drop theirs.
  init(_ graph: Graph, workers: Int, fill: (_ node: Int, _ weights: [Blob]) throws(Diagnostic) -> Void)
    throws(Diagnostic)
  {
    try Self.checkRoom(graph)
    (self.graph, self.workers, scratch) = (graph, workers, CommonScratch(workers: workers))
    values = graph.values.map { Blob($0.shape) }
    Self.connect(&values, graph)
    var weights: [[Blob]] = []
    for (i, node) in graph.nodes.enumerated() {
      let own = node.plan.weights.map { Blob($0.shape) }
      try fill(i, own)
      weights.append(
        zip(node.weights, own).map { use, blob in
          guard use.isShared else { return blob }
          let owner = graph.parameters[use.parameter].owner
          let shared = owner.node == i ? own[owner.weight] : weights[owner.node][owner.weight]
          return Blob(shared.data.view(blob.shape), gradient: shared.gradient.view(blob.shape))
        })
    }
    self.weights = weights
    kept = graph.nodes.map { $0.plan.kept.map(Tensor.init) }
    state = graph.nodes.map { $0.plan.state.map(Tensor.init) }
    failures = graph.nodes.map { _ in Failures() }
  }

  /// Throws unless the system has memory for the largest piece and room for the addresses of all; whether all of it can be
  /// used at once shows later, since what is never touched costs nothing.
  private static func checkRoom(_ graph: Graph) throws(Diagnostic) {
    let blobs = graph.values.map(\.shape) + graph.nodes.flatMap { $0.plan.weights.map(\.shape) }
    let pieces = blobs + blobs + graph.nodes.flatMap { $0.plan.kept + $0.plan.state }
    let sizes = pieces.map { $0.count * MemoryLayout<Float>.stride }
    let most = sizes.max() ?? 0, all = sizes.reduce(0, +)
    guard most > 0, !ZeroPages.areAvailable(bytes: most) || !ZeroPages.haveAddresses(bytes: all) else { return }
    let gigabytes = { (bytes: Int) in significant(Double(bytes) / Double(1 << 30), digits: 3) }
    throw Diagnostic(
      "the net needs \(gigabytes(all)) GB, \(gigabytes(most)) GB of them for one blob, and the system does not give as much; "
        + "make batches or images smaller, or raise the limit (ulimit -v)")
  }

  /// Tops that are a bottom under another name get its memory, and losses their weights.
  private static func connect(_ values: inout [Blob], _ graph: Graph) {
    for node in graph.nodes where node.plan.aliases {
      for top in node.tops {
        let data = values[node.bottoms[0]].data.view(graph.values[top].shape)
        values[top] = Blob(data, gradient: values[top].gradient)
      }
    }
    for node in graph.nodes {
      for (top, weight) in zip(node.tops, node.lossWeights) where weight != 0 { values[top].gradient.fill(weight) }
    }
  }

  /// Takes up the shapes of the same graph after `Graph.reshaped`. Memory grows, but never shrinks; what stays as it was keeps its
  /// numbers.
  mutating func reshape(_ graph: Graph) {
    self.graph = graph
    for (i, value) in graph.values.enumerated() where value.shape != values[i].shape {
      values[i] = Blob(values[i].data.reshaped(value.shape), gradient: values[i].gradient.reshaped(value.shape))
    }
    Self.connect(&values, graph)
    func fit(_ tensors: [Tensor], _ shapes: [Shape]) -> [Tensor] {
      zip(tensors, shapes).map { $0.shape == $1 ? $0 : $0.reshaped($1) }
        + shapes.dropFirst(tensors.count).map(Tensor.init)
    }
    for (i, node) in graph.nodes.enumerated() {
      kept[i] = fit(kept[i], node.plan.kept)
      state[i] = fit(state[i], node.plan.state)
    }
  }

  /// Lets gradients lie where they are told to.
  mutating func place(_ gradients: SharedGradients) {
    let piece = Tensor([gradients.count])
    for (value, start) in gradients.offsets {
      values[value] = Blob(values[value].data, gradient: piece.view(values[value].shape, from: start))
    }
  }

  /// Gives these values' gradients memory of their own again.
  mutating func separate(_ gradients: SharedGradients) {
    for value in gradients.offsets.keys {
      values[value] = Blob(values[value].data, gradient: Tensor(values[value].shape))
    }
  }

  /// The blobs that a node writes: those of the values, but as large as planned if the node decides about their shapes.
  func written(_ index: Int, _ tops: [Int]) -> [Blob] {
    let node = graph.nodes[index]
    guard node.layer is any DecidingLayer else { return tops.map { values[$0] } }
    return zip(tops, node.plan.tops).map { top, shape in
      Blob(values[top].data.reshaped(shape), gradient: values[top].gradient.reshaped(shape))
    }
  }

  /// Lets a weight use other memory for its data.
  mutating func alias(node: Int, weight: Int, to data: Tensor) {
    weights[node][weight] = Blob(data.view(weights[node][weight].shape), gradient: weights[node][weight].gradient)
  }

  /// The blob of a parameter: that of its owner.
  package func blob(of parameter: Graph.Parameter) -> Blob { weights[parameter.owner.node][parameter.owner.weight] }

  /// The values that only these nodes touch.
  package func inner(_ nodes: Range<Int>) -> [Int] { graph.inner(nodes).sorted() }

  /// The pass of a node over the whole batch.
  package func pass(_ index: Int) -> Pass {
    let node = graph.nodes[index]
    return Pass(
      bottoms: node.bottoms.map { values[$0] }, tops: written(index, node.tops), weights: weights[index],
      kept: kept[index], state: state[index], wanted: node.wanted, learns: node.learns, keeps: node.runsBackward,
      failures: failures[index])
  }
}
