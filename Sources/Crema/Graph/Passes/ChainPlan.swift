/// What is computed of a run of nodes, call by call, and which values lie in the memory of others. It begins as one call for each
/// node; passes make it shorter. Nothing is allocated.
package struct ChainPlan {
  /// One call: a node, and what is computed along with it.
  package struct Item {
    /// The node whose layer computes.
    package let node: Int
    /// Nodes that are computed along with it, in order.
    package var fused: [Int] = []
    /// Those of the fused nodes that multiply and add by channel, in order: BatchNorm, Scale, Bias.
    var affine: [Int] = []
    /// A value that is added to the result, before the activation.
    var addend: Int?
    /// The factor of negative results; 1 if there is no activation.
    var slope: Float = 1
    /// For a concatenation, the bottoms that must be copied, and where each begins in an image of the top.
    var pieces: [(value: Int, offset: Int)]?
    /// The values that it reads, besides `addend`.
    package var bottoms: [Int]
    /// The values that it writes.
    package var tops: [Int]

    /// All values that it reads.
    package var reads: [Int] { (pieces.map { $0.map(\.value) } ?? bottoms) + (addend.map { [$0] } ?? []) }
  }

  /// The whole graph.
  package let graph: Graph
  /// The nodes of the chain.
  package let nodes: Range<Int>
  /// The values that only these nodes touch, and that nobody watches.
  package let inner: Set<Int>
  /// The most images of a call.
  package let images: Int
  /// Whether none of the nodes runs backward: nothing is kept for later.
  package let isForwardOnly: Bool
  /// The calls, in their order.
  package var items: [Item]
  /// Values that lie in the memory of another value, each image from an index of its image on.
  private(set) var places: [Int: (value: Int, offset: Int)] = [:]

  /// A call for each node.
  package init(_ nodes: Range<Int>, in graph: Graph, images: Int, watched: Set<Int>) {
    (self.nodes, self.graph, self.images) = (nodes, graph, images)
    inner = graph.inner(nodes).subtracting(watched)
    isForwardOnly = nodes.allSatisfy { !graph.nodes[$0].runsBackward }
    items = nodes.map { Item(node: $0, bottoms: graph.nodes[$0].bottoms, tops: graph.nodes[$0].tops) }
    for node in graph.nodes[nodes] where node.plan.aliases {
      for top in node.tops where top != node.bottoms[0] { places[top] = (node.bottoms[0], 0) }
    }
  }

  /// Lets a value, which has no place yet, lie in another one.
  mutating func place(_ value: Int, in other: Int, at offset: Int) { places[value] = (other, offset) }

  /// The value in whose memory this one lies, which may be itself, and where in an image of it.
  package func root(_ value: Int) -> (value: Int, offset: Int) {
    var (root, offset) = (value, 0)
    while let place = places[root] { (root, offset) = (place.value, offset + place.offset) }
    return (root, offset)
  }

  /// The values that lie in the memory of this root, itself included.
  func members(of root: Int) -> [Int] { [root] + places.keys.filter { self.root($0).value == root } }

  /// Whether nobody outside sees this memory.
  func isInner(_ root: Int) -> Bool { members(of: root).allSatisfy(inner.contains) }

  /// The calls that read or write the memory of this root, in order.
  func touches(_ root: Int) -> [Int] {
    items.indices.filter { index in
      (items[index].reads + items[index].tops).contains { self.root($0).value == root }
    }
  }

  /// Whether a call writes to the memory of this root.
  func writes(_ item: Int, _ root: Int) -> Bool { items[item].tops.contains { self.root($0).value == root } }

  /// The next call to see the only top of a call, if the two may be one: it works in place, or nobody else sees what is between
  /// them.
  func successor(of index: Int) -> Int? {
    guard items[index].tops.count == 1 else { return nil }
    let root = root(items[index].tops[0]).value, touches = touches(root)
    guard let next = touches.first(where: { $0 > index }), items[next].tops.count == 1,
      items[next].reads.contains(where: { self.root($0).value == root })
    else { return nil }
    if self.root(items[next].tops[0]).value == root { return next }
    return isInner(root) && touches == [index, next] ? next : nil
  }

  /// Lets a call do the work of a later one, which writes what it wrote.
  mutating func absorb(_ later: Int, into index: Int) {
    items[index].fused += [items[later].node] + items[later].fused
    items[index].tops = items[later].tops
    items.remove(at: later)
  }

  /// The two-dimensional convolution that a call computes, if it does.
  func convolution(_ index: Int) -> PlaneConvolution? { PlaneConvolution(graph.nodes[items[index].node], in: graph) }
}

extension Graph {
  /// The values that only these nodes touch, and that are no loss.
  package func inner(_ range: Range<Int>) -> Set<Int> {
    var outside: Set<Int> = [], inside: Set<Int> = []
    for (i, node) in nodes.enumerated() {
      if range.contains(i) {
        inside.formUnion(node.bottoms + node.tops)
        outside.formUnion(zip(node.tops, node.lossWeights).filter { $0.1 != 0 }.map(\.0))
      } else {
        outside.formUnion(node.bottoms + node.tops)
      }
    }
    return inside.subtracting(outside)
  }
}
