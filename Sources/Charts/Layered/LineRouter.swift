/// Where rows begin, and the points that lines pass.
struct LineRouter {
  private let rows: LayeredRows
  private let places: [Double]
  private let along: [Double]
  /// For each link, where it ends across the row.
  private var entry: [Double]
  /// For each row, where it begins, and the largest extent of its boxes.
  private(set) var start: [Double], depth: [Double]
  /// Where the last row ends.
  private(set) var end: Double

  init(_ rows: LayeredRows, _ order: RowOrder, places: [Double], across: [Double], along: [Double]) {
    (self.rows, self.places, self.along) = (rows, places, along)
    entry = rows.links.map { places[$0.lower] }
    depth = order.nodes.map { row in row.map { $0 < rows.boxes ? along[$0] : 0 }.max() ?? 0 }
    start = [Double](repeating: 0, count: rows.count)
    end = 0
    for box in 0..<rows.boxes { spreadEntries(of: box, across[box]) }
    let gaps = rows.linksByGap()
    for row in start.indices {
      start[row] = end
      let widest = row < gaps.count ? gaps[row].map { abs(entry[$0] - exit($0)) }.max() ?? 0 : 0
      end += depth[row] + (row < gaps.count ? 24 + min(66, 0.08 * widest) : 0)
    }
  }

  /// Where a link begins across its row.
  private func exit(_ link: Int) -> Double { places[rows.links[link].upper] + rows.links[link].offset }

  /// Lets links enter a box beside each other, in the order in which they come; one that comes in the middle stays there.
  private mutating func spreadEntries(of box: Int, _ extent: Double) {
    let links = rows.entering[box].sorted { (exit($0), $0) < (exit($1), $1) }
    guard links.count > 1 else { return }
    let step = min(22, (extent - 16) / Double(links.count)), middle = Double(links.count - 1) / 2
    let inLine = links.indices.filter { abs(exit(links[$0]) - places[box]) < 0.5 }
      .min { abs(Double($0) - middle) < abs(Double($1) - middle) }
    let reach = extent / 2 - 8, last = Double(links.count - 1) * step
    let first = max(-reach, min(reach - last, -(inLine.map(Double.init) ?? middle) * step))
    for (index, link) in links.enumerated() { entry[link] = places[box] + first + Double(index) * step }
  }

  /// The points of an edge: at the box it leaves, at the end of that row, then at the start and end of each row that it passes.
  func route(_ path: [Int]) -> [(across: Double, along: Double)] {
    var points: [(across: Double, along: Double)] = []
    for link in path {
      let upper = rows.links[link].upper, row = rows.rank[upper]
      if upper < rows.boxes { points.append((exit(link), start[row] + along[upper])) }
      let end = start[row] + depth[row]
      if points.last.map({ $0 != (exit(link), end) }) ?? true { points.append((exit(link), end)) }
      points.append((entry[link], start[row + 1]))
    }
    return points
  }
}
