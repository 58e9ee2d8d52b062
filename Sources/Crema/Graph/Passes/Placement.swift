/// Places in one piece of memory: what is never there at the same time may use the same part of it.
package struct Placement {
  /// Something that needs memory for a time.
  package struct Thing {
    /// What it is called, and how many numbers it has.
    package let key: Int, size: Int
    /// The first and the last moment at which it is needed.
    package let life: ClosedRange<Int>

    /// Something with these properties.
    package init(key: Int, size: Int, life: ClosedRange<Int>) { (self.key, self.size, self.life) = (key, size, life) }
  }

  /// The numbers of the piece.
  package let count: Int
  /// By key, the index of the first number, the start of a cache line.
  package let offsets: [Int: Int]

  /// The largest things first, each as far in front as it can be.
  package init(_ things: [Thing]) {
    let line = 16
    var placed: [(thing: Thing, range: Range<Int>)] = []
    for thing in things.sorted(by: { ($0.size, $1.key) > ($1.size, $0.key) }) {
      let size = (thing.size + line - 1) / line * line
      let busy = placed.filter { $0.thing.life.overlaps(thing.life) }.map(\.range)
        .sorted { $0.lowerBound < $1.lowerBound }
      var start = 0
      for range in busy where range.lowerBound < start + size { start = max(start, range.upperBound) }
      placed.append((thing, start..<start + size))
    }
    count = placed.map(\.range.upperBound).max() ?? 0
    offsets = Dictionary(uniqueKeysWithValues: placed.map { ($0.thing.key, $0.range.lowerBound) })
  }
}
