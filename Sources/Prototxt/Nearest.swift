extension String {
  /// The name among `names` that was probably meant, or nil if none is near.
  ///
  /// A name that differs only in case or underscores comes first, then the one with the fewest changed, missing,
  /// additional or exchanged characters (at most a third of them; the shortest of several), then one of which this is the beginning or that is
  /// the beginning of this.
  public func nearest(in names: some Sequence<String>) -> String? {
    let wanted = folded
    guard !wanted.isEmpty else { return nil }
    let limit = max(1, wanted.count / 3)
    var best: (name: String, distance: Int)?
    var beginning: String?
    for name in names where name != self {
      let folded = name.folded
      if folded == wanted { return name }
      if abs(folded.count - wanted.count) <= limit {
        let distance = String.distance(wanted, folded)
        let closer = best.map { (distance, folded.count) < ($0.distance, $0.name.utf8.count) } ?? true
        if distance <= limit, closer { best = (name, distance) }
      }
      let shorter = Swift.min(folded.count, wanted.count)
      if beginning == nil, shorter >= 3, folded.prefix(shorter) == wanted.prefix(shorter) { beginning = name }
    }
    return best?.name ?? beginning
  }

  private var folded: [UInt8] { lowercased().utf8.filter { $0 != UInt8(ascii: "_") } }

  /// The number of characters to insert, remove, replace or exchange with their neighbour.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var before = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var cost = Swift.min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = Swift.min(cost, before[j - 1] + 1) }
        row.append(cost)
      }
      before = last
      last = row
    }
    return last[b.count]
  }
}
