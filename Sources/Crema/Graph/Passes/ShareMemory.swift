/// Memory for one slice of a chain that only runs forward: values that nobody outside sees lie in one piece, and those whose times
/// do not overlap use the same part of it.
package struct SharedMemory {
  /// The name by which sharing can be switched off.
  static let name = "share-memory"
  /// The numbers of the piece for one image.
  package let count: Int
  /// By root of the plan, the index of its first number, for one image.
  package let offsets: [Int: Int]

  /// Places for the inner values of a plan; none if something is kept for a backward pass.
  package init(_ plan: ChainPlan) {
    guard plan.isForwardOnly else {
      (count, offsets) = (0, [:])
      return
    }
    var lives: [Int: ClosedRange<Int>] = [:]
    for (index, item) in plan.items.enumerated() {
      for value in item.reads + item.tops {
        let root = plan.root(value).value
        lives[root] = (lives[root]?.lowerBound ?? index)...index
      }
    }
    let placement = Placement(
      lives.filter { plan.isInner($0.key) }.map { root, life in
        Placement.Thing(key: root, size: plan.graph.values[root].shape.count(from: 1), life: life)
      })
    (count, offsets) = (placement.count, placement.offsets)
  }
}
