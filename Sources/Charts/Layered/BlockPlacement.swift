/// Where nodes stand across their rows.
///
/// Nodes that should stand in one line, first the longest path, then long edges, are one block; blocks then move as near to the
/// nodes they are linked with as their neighbours allow.
struct BlockPlacement {
  private let rows: LayeredRows
  private let order: RowOrder
  private let across: [Double]
  /// For each node, the links that hold it in line with a node above and below.
  private var above: [Int?], below: [Int?]
  /// For each node, its block, and how far it is from the block's first node.
  private var block: [Int], shift: [Double]
  private var blocks: [[Int]] = []
  private var x: [Double] = []

  /// For each node, the place of its middle; nothing is left of zero.
  private(set) var places: [Double] = []

  init(_ rows: LayeredRows, _ order: RowOrder, across: [Double]) {
    (self.rows, self.order, self.across) = (rows, order, across)
    let none = [Int?](repeating: nil, count: rows.rank.count)
    (above, below) = (none, none)
    block = none.map { _ in -1 }
    shift = none.map { _ in 0 }
    align()
    makeBlocks()
    place()
  }

  // MARK: Lines

  private mutating func align() {
    var taken = [Alignments](repeating: Alignments(), count: rows.count)
    for link in trunk() { hold(link, &taken) }
    for link in rows.links.indices where isBend(rows.links[link].upper) && isBend(rows.links[link].lower) {
      hold(link, &taken)
    }
    for row in order.nodes {
      for node in row { for link in fromTheMiddle(rows.entering[node]) { hold(link, &taken) } }
    }
  }

  private func isBend(_ node: Int) -> Bool { node >= rows.boxes }

  /// Puts both ends of a link in line, unless one has its line already or the line would cross another one.
  private mutating func hold(_ link: Int, _ taken: inout [Alignments]) {
    let (upper, lower) = (rows.links[link].upper, rows.links[link].lower)
    guard below[upper] == nil, above[lower] == nil,
      taken[rows.rank[upper]].add(order.position[upper], order.position[lower])
    else { return }
    (below[upper], above[lower]) = (link, link)
  }

  /// The links of the longest path to the last row, the one in the middle where there are several.
  private func trunk() -> [Int] {
    var links: [Int] = []
    var next = order.nodes.last?.first
    while let node = next {
      let entering = rows.entering[node], boxes = entering.filter { rows.links[$0].upper < rows.boxes }
      let inner = boxes.filter { !rows.entering[rows.links[$0].upper].isEmpty }
      let choice = fromTheMiddle(inner.isEmpty ? boxes.isEmpty ? entering : boxes : inner).first
      if let choice { links.append(choice) }
      next = choice.map { rows.links[$0].upper }
    }
    return links
  }

  /// Links that enter a node, those in the middle first.
  private func fromTheMiddle(_ links: [Int]) -> [Int] {
    guard links.count > 1 else { return links }
    let sorted = links.sorted {
      (order.position[rows.links[$0].upper], rows.links[$0].offset, $0)
        < (order.position[rows.links[$1].upper], rows.links[$1].offset, $1)
    }
    let middle = (sorted.count - 1) / 2
    return sorted.indices.sorted { (abs($0 - middle), $0) < (abs($1 - middle), $1) }.map { sorted[$0] }
  }

  private mutating func makeBlocks() {
    for row in order.nodes {
      for node in row where above[node] == nil {
        var members: [Int] = [], next: Int? = node, distance = 0.0
        while let member = next {
          (block[member], shift[member]) = (blocks.count, distance)
          members.append(member)
          next = below[member].map { rows.links[$0].lower }
          distance += below[member].map { rows.links[$0].offset } ?? 0
        }
        blocks.append(members)
      }
    }
  }

  // MARK: Places

  /// A neighbour in a row that a block must keep a distance from.
  private struct Neighbour {
    let block: Int
    let distance: Double
  }

  private func half(_ node: Int) -> Double { node < rows.boxes ? across[node] / 2 : 0 }

  private func separation(_ left: Int, _ right: Int) -> Double {
    let bends = (left < rows.boxes ? 0 : 1) + (right < rows.boxes ? 0 : 1)
    return half(left) + half(right) + [26, 18, 12][bends]
  }

  private mutating func place() {
    var left = [[Neighbour]](repeating: [], count: blocks.count), right = left
    for row in order.nodes {
      for (a, b) in zip(row, row.dropFirst()) {
        let distance = separation(a, b) + shift[a] - shift[b]
        left[block[b]].append(Neighbour(block: block[a], distance: distance))
        right[block[a]].append(Neighbour(block: block[b], distance: distance))
      }
    }
    let sorted = fromLeft(left, right)
    x = [Double](repeating: 0, count: blocks.count)
    for block in sorted { x[block] = left[block].map { x[$0.block] + $0.distance }.max() ?? 0 }
    for round in 0..<40 {
      var isMoved = false
      for block in round % 2 == 0 ? sorted.reversed() : sorted {
        let low = left[block].map { x[$0.block] + $0.distance }.max() ?? -.infinity
        let high = right[block].map { x[$0.block] - $0.distance }.min() ?? .infinity
        let wanted = max(low, min(high, wish(block)))
        if abs(wanted - x[block]) > 0.01 { (x[block], isMoved) = (wanted, true) }
      }
      if !isMoved { break }
    }
    places = rows.rank.indices.map { (x[block[$0]] + shift[$0]).rounded() }
    let first = places.indices.map { places[$0] - half($0) }.min() ?? 0
    for node in places.indices { places[node] -= first }
  }

  /// The blocks, each behind all that are left of it.
  private func fromLeft(_ left: [[Neighbour]], _ right: [[Neighbour]]) -> [Int] {
    var missing = left.map(\.count), sorted = blocks.indices.filter { missing[$0] == 0 }, next = 0
    while next < sorted.count {
      for neighbour in right[sorted[next]] {
        missing[neighbour.block] -= 1
        if missing[neighbour.block] == 0 { sorted.append(neighbour.block) }
      }
      next += 1
    }
    return sorted
  }

  /// The place nearest to the block's at which its links to other blocks are shortest in all.
  private func wish(_ index: Int) -> Double {
    var wishes: [Double] = []
    for node in blocks[index] {
      for link in rows.entering[node] where link != above[node] {
        let upper = rows.links[link].upper
        if block[upper] != index {
          wishes.append(x[block[upper]] + shift[upper] + rows.links[link].offset - shift[node])
        }
      }
      for link in rows.leaving[node] where link != below[node] {
        let lower = rows.links[link].lower
        if block[lower] != index {
          wishes.append(x[block[lower]] + shift[lower] - rows.links[link].offset - shift[node])
        }
      }
    }
    guard !wishes.isEmpty else { return x[index] }
    wishes.sort()
    return max(wishes[(wishes.count - 1) / 2], min(wishes[wishes.count / 2], x[index]))
  }
}

/// Pairs of positions in two neighbouring rows that are joined by lines which do not cross.
private struct Alignments {
  private var pairs: [(upper: Int, lower: Int)] = []

  /// Adds a pair; false if its line would cross or touch another one.
  mutating func add(_ upper: Int, _ lower: Int) -> Bool {
    var low = 0, high = pairs.count
    while low < high {
      let middle = (low + high) / 2
      if pairs[middle].upper < upper { low = middle + 1 } else { high = middle }
    }
    if low > 0, pairs[low - 1].lower >= lower { return false }
    if low < pairs.count, pairs[low].upper == upper || pairs[low].lower <= lower { return false }
    pairs.insert((upper, lower), at: low)
    return true
  }
}
