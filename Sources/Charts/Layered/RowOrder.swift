/// The order of nodes within rows, in which few lines cross.
struct RowOrder {
  private let rows: LayeredRows
  private let gaps: [[Int]]
  /// For each link, how far from the middle of its upper node it begins, as a share of the node's extent.
  private let bias: [Double]
  /// The nodes of each row, from left to right.
  private(set) var nodes: [[Int]]
  /// For each node, its index in its row.
  private(set) var position: [Int]

  /// The order in which a walk from the sources meets the nodes.
  init(_ rows: LayeredRows, across: [Double]) {
    self.rows = rows
    gaps = rows.linksByGap()
    bias = rows.links.map { $0.offset == 0 ? 0 : 0.9 * $0.offset / max(1, across[$0.upper]) }
    nodes = [[Int]](repeating: [], count: rows.count)
    position = [Int](repeating: -1, count: rows.rank.count)
    for box in 0..<rows.boxes where rows.entering[box].isEmpty { walk(from: box) }
  }

  private mutating func walk(from box: Int) {
    var waiting = [box]
    while let node = waiting.popLast() {
      guard position[node] < 0 else { continue }
      position[node] = nodes[rows.rank[node]].count
      nodes[rows.rank[node]].append(node)
      waiting += rows.leaving[node].reversed().map { rows.links[$0].lower }
    }
  }

  /// Where a link begins, in the unit of positions.
  private func start(_ link: Int) -> Double { Double(position[rows.links[link].upper]) + bias[link] }

  /// Where a link ends, in the unit of positions.
  private func end(_ link: Int) -> Double { Double(position[rows.links[link].lower]) }

  /// How many lines cross.
  func crossings() -> Int { gaps.indices.reduce(0) { $0 + crossings(inGap: $1) } }

  /// How many links of one gap cross: pairs whose ends are in the other order than their starts.
  private func crossings(inGap gap: Int) -> Int {
    guard gaps[gap].count > 1 else { return 0 }
    let ends = gaps[gap].map { (start($0), position[rows.links[$0].lower]) }.sorted { $0 < $1 }.map(\.1)
    let size = nodes[gap + 1].count
    var tree = [Int](repeating: 0, count: size + 1), total = 0
    for (seen, end) in ends.enumerated() {
      var notAfter = 0, index = end + 1
      while index > 0 {
        notAfter += tree[index]
        index &= index - 1
      }
      total += seen - notAfter
      index = end + 1
      while index <= size {
        tree[index] += 1
        index += index & -index
      }
    }
    return total
  }

  /// Moves nodes to where their neighbours are, downwards and upwards by turns, and keeps the best order.
  mutating func reduceCrossings() {
    var best = nodes, fewest = crossings(), idle = 0
    let sweeps = max(2, min(24, 4_000_000 / max(1, rows.links.count)))
    for sweep in 0..<sweeps where fewest > 0 && idle < 6 {
      if sweep % 2 == 0 {
        for row in nodes.indices.dropFirst() { sort(row, by: rows.entering, start) }
      } else {
        for row in nodes.indices.dropLast().reversed() { sort(row, by: rows.leaving, end) }
      }
      let found = crossings()
      idle = found < fewest ? 0 : idle + 1
      if found < fewest { (best, fewest) = (nodes, found) }
    }
    nodes = best
    for row in nodes.indices { number(row) }
    exchangeNeighbours()
  }

  private mutating func number(_ row: Int) { for (index, node) in nodes[row].enumerated() { position[node] = index } }

  /// Sorts a row by the mean place of neighbours; nodes without any stay near their place.
  private mutating func sort(_ row: Int, by neighbours: [[Int]], _ place: (Int) -> Double) {
    let keys = nodes[row].enumerated().map { index, node in
      let links = neighbours[node]
      let mean = links.isEmpty ? Double(index) : links.reduce(0) { $0 + place($1) } / Double(links.count)
      return (mean, index, node)
    }
    nodes[row] = keys.sorted { $0 < $1 }.map(\.2)
    number(row)
  }

  /// Exchanges neighbours as long as that saves crossings.
  private mutating func exchangeNeighbours() {
    for _ in 0..<8 {
      var isBetter = false
      for row in nodes.indices where nodes[row].count > 1 {
        for index in 1..<nodes[row].count where gain(nodes[row][index - 1], nodes[row][index]) > 0 {
          nodes[row].swapAt(index - 1, index)
          number(row)
          isBetter = true
        }
      }
      if !isBetter { return }
    }
  }

  /// How many crossings it saves to exchange two neighbours.
  private func gain(_ left: Int, _ right: Int) -> Int {
    func surplus(_ links: [[Int]], _ place: (Int) -> Double) -> Int {
      let others = links[right].map(place)
      return links[left].reduce(0) { sum, link in
        let here = place(link)
        return others.reduce(sum) { $0 + (here > $1 ? 1 : here < $1 ? -1 : 0) }
      }
    }
    return surplus(rows.entering, start) + surplus(rows.leaving, end)
  }
}
