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
    let line = 16
    let sizes = lives.keys.filter(plan.isInner).map { root in
      (root: root, size: (plan.graph.values[root].shape.count(from: 1) + line - 1) / line * line)
    }.sorted { ($0.size, $1.root) > ($1.size, $0.root) }
    var placed: [(root: Int, range: Range<Int>)] = []
    for (root, size) in sizes {
      guard let life = lives[root] else { continue }
      let busy = placed.filter { lives[$0.root]?.overlaps(life) == true }.map(\.range)
        .sorted { $0.lowerBound < $1.lowerBound }
      var start = 0
      for range in busy where range.lowerBound < start + size { start = max(start, range.upperBound) }
      placed.append((root, start..<start + size))
    }
    count = placed.map(\.range.upperBound).max() ?? 0
    offsets = Dictionary(uniqueKeysWithValues: placed.map { ($0.root, $0.range.lowerBound) })
  }
}
