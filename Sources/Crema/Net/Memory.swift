import Prototxt

/// The blobs of a net: everything that is allocated for it, except what steps keep for themselves.
package struct Memory {
  package let graph: Graph
  /// By value.
  package let values: [Blob]
  /// By node. A shared weight is its owner's blob, perhaps under another shape.
  package private(set) var weights: [[Blob]]
  /// By node.
  package let kept: [[Tensor]]
  /// By node.
  package let state: [[Tensor]]
  /// By node.
  package let failures: [Failures]
  /// The number of threads that may compute at the same time.
  package let workers: Int

  /// Memory for every value of the graph, weights filled in the order of nodes.
  ///
  /// - Parameter filled: called with each node's index and its own weights, in order, before sharers drop theirs.
  init(_ graph: Graph, workers: Int, fill: (_ node: Int, _ weights: [Blob]) throws(Diagnostic) -> Void)
    throws(Diagnostic)
  {
    (self.graph, self.workers) = (graph, workers)
    var values = graph.values.map { Blob($0.shape) }
    for node in graph.nodes where node.plan.aliases {
      for top in node.tops {
        let data = values[node.bottoms[0]].data.view(graph.values[top].shape)
        values[top] = Blob(data, gradient: values[top].gradient)
      }
    }
    for node in graph.nodes {
      for (top, weight) in zip(node.tops, node.lossWeights) where weight != 0 { values[top].gradient.fill(weight) }
    }
    self.values = values
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
      bottoms: node.bottoms.map { values[$0] }, tops: node.tops.map { values[$0] }, weights: weights[index],
      kept: kept[index], state: state[index], wanted: node.wanted, learns: node.learns, keeps: node.runsBackward,
      failures: failures[index])
  }
}
