extension Graph {
  /// Leaves out of the backward pass what no loss depends on, as Caffe does, from the last layer to the first.
  ///
  /// - Parameter forced: `force_backward`: every layer runs backward, and every bottom that may have a gradient gets one.
  mutating func decideBackward(forced: Bool, log: Log) {
    var underLoss: Set<String> = [], skipped: Set<String> = []
    for i in nodes.indices.reversed() {
      let tops = nodes[i].tops.map { values[$0].name }
      var contributes = false, skipsAll = true
      for (top, weight) in zip(tops, nodes[i].lossWeights) {
        if weight != 0 || underLoss.contains(top) { contributes = true }
        if !skipped.contains(top) { skipsAll = false }
        if contributes, !skipsAll { break }
      }
      if nodes[i].runsBackward, skipsAll {
        nodes[i].runsBackward = false
        nodes[i].wanted = nodes[i].wanted.map { _ in false }
      }
      if !contributes { nodes[i].runsBackward = false }
      log.info(
        "net.cpp", nodes[i].runsBackward ? 200 : 202,
        "\(nodes[i].name) \(nodes[i].runsBackward ? "needs" : "does not need") backward computation.")
      for (j, bottom) in nodes[i].bottoms.enumerated() {
        let name = values[bottom].name
        if contributes { underLoss.insert(name) } else { nodes[i].wanted[j] = false }
        if !nodes[i].wanted[j] { skipped.insert(name) }
      }
    }
    guard forced else { return }
    for i in nodes.indices {
      nodes[i].runsBackward = true
      nodes[i].learns = nodes[i].learns.map { _ in true }
      let unforced = type(of: nodes[i].layer).traits.unforcedBottoms
      for j in nodes[i].wanted.indices where !unforced.contains(j) { nodes[i].wanted[j] = true }
    }
  }

  /// The same graph, of which nothing runs backward.
  package var withoutBackward: Graph {
    var graph = self
    for i in graph.nodes.indices {
      graph.nodes[i].runsBackward = false
      graph.nodes[i].wanted = graph.nodes[i].wanted.map { _ in false }
    }
    return graph
  }
}
