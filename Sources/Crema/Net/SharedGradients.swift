/// Memory for the gradients of a backward pass: those that are not needed at the same time lie in the same place, and those of
/// which one is another under another name are one.
package struct SharedGradients {
  /// The name by which sharing can be switched off.
  package static let name = "share-gradients"
  /// The numbers of the piece that they share.
  package let count: Int
  /// By value, the index of its gradient's first number.
  package let offsets: [Int: Int]

  /// Places for all gradients that somebody writes as a whole in each pass, and that nobody reads after it; `nil` if there are none.
  ///
  /// - Parameter watched: the values that are read after a pass.
  package init?(_ graph: Graph, _ steps: [any Step], watched: Set<Int>) {
    guard graph.nodes.contains(where: \.runsBackward) else { return nil }
    var lives: [Int: ClosedRange<Int>] = [:], makers: [Int: Int] = [:], readers: [Int: Int] = [:]
    for (index, step) in steps.enumerated() {
      for node in step.nodes {
        for value in graph.nodes[node].bottoms + graph.nodes[node].tops {
          lives[value] = (lives[value]?.lowerBound ?? index)...index
          readers[value] = node
        }
        for value in graph.nodes[node].tops where makers[value] == nil { makers[value] = node }
      }
    }
    let closed = watched.union(graph.inputs)
    lives = lives.filter { value, _ in
      guard !closed.contains(value), let maker = makers[value], let reader = readers[value] else { return false }
      return graph.nodes[maker].runsBackward && graph.lossWeight(of: value) == 0
        && Self.writesAll(of: value, graph.nodes[reader])
    }
    var groups = Dictionary(uniqueKeysWithValues: lives.keys.map { ($0, $0) })
    for (a, b) in steps.flatMap(\.joinedGradients) {
      guard let one = groups[a], let other = groups[b], one != other, let x = lives[one], let y = lives[other],
        graph.values[a].shape == graph.values[b].shape
      else { continue }
      for (value, group) in groups where group == other { groups[value] = one }
      lives[one] = min(x.lowerBound, y.lowerBound)...max(x.upperBound, y.upperBound)
    }
    let placement = Placement(
      Set(groups.values).compactMap { group in
        lives[group].map { Placement.Thing(key: group, size: graph.values[group].shape.count, life: $0) }
      })
    guard !groups.isEmpty else { return nil }
    (count, offsets) = (placement.count, groups.compactMapValues { placement.offsets[$0] })
  }

  /// Whether the last layer that sees a value writes all of its gradient whenever it runs backward.
  private static func writesAll(of value: Int, _ node: Graph.Node) -> Bool {
    let reads = zip(node.bottoms, node.wanted).filter { $0.0 == value }
    return node.runsBackward && !node.tops.contains(value) && reads.count == 1 && reads[0].1 && writesAll(node.layer)
  }

  private static func writesAll(_ layer: any Layer) -> Bool {
    switch layer {
    case is BatchNorm, is Bias, is Concat, is Convolution, is Deconvolution, is Dropout, is Eltwise, is InnerProduct,
      is LRN,
      is Pooling, is ReLU, is Scale, is Sigmoid, is Split, is TanH:
      true
    default: false
    }
  }
}
