/// The boxes of a graph in rows, with a bend in every row that a long edge passes, so that all links join neighbouring rows.
struct LayeredRows {
  /// A piece of an edge, from one row to the next one.
  struct Link {
    /// Nodes: boxes by their index, then bends.
    let upper: Int, lower: Int
    /// How far from the middle of `upper` it begins.
    let offset: Double
  }

  /// The number of boxes; nodes from there on are bends.
  let boxes: Int
  /// For each node, its row.
  private(set) var rank: [Int]
  /// All links; those of one port share bends.
  private(set) var links: [Link] = []
  /// For each edge, its links from source to target.
  private(set) var paths: [[Int]]
  /// For each node, the links that enter it and that leave it.
  private(set) var entering: [[Int]], leaving: [[Int]]

  /// The number of rows.
  var count: Int { (rank.max() ?? -1) + 1 }

  /// Puts each box below all that lead to it, as high as that allows; boxes without sources, just above the first one that they lead to.
  init(boxes: Int, _ edges: [LayeredLayout.Edge]) {
    self.boxes = boxes
    rank = Self.ranks(boxes, edges)
    paths = edges.map { _ in [] }
    (entering, leaving) = (rank.map { _ in [] }, rank.map { _ in [] })
    var ports: [Int: [Int]] = [:]
    for (index, edge) in edges.enumerated() { ports[edge.from, default: []].append(index) }
    for box in 0..<boxes {
      let byPort = Dictionary(grouping: ports[box] ?? []) { edges[$0].port }
      for port in byPort.keys.sorted() { addLinks(byPort[port] ?? [], edges) }
    }
  }

  private static func ranks(_ boxes: Int, _ edges: [LayeredLayout.Edge]) -> [Int] {
    var sources = [[Int]](repeating: [], count: boxes), targets = sources
    for edge in edges {
      sources[edge.to].append(edge.from)
      targets[edge.from].append(edge.to)
    }
    var rank = [Int](repeating: 0, count: boxes), isFree = [Bool](repeating: true, count: boxes)
    for box in 0..<boxes {
      rank[box] = sources[box].map { rank[$0] + 1 }.max() ?? 0
      isFree[box] = sources[box].allSatisfy { isFree[$0] && targets[$0].allSatisfy { $0 == box } }
    }
    for box in (0..<boxes).reversed() where isFree[box] {
      if let next = targets[box].map({ rank[$0] }).min() { rank[box] = next - 1 }
    }
    return rank
  }

  /// Links for the edges of one port: one line of bends, from which each edge leaves in the row above its target.
  private mutating func addLinks(_ ofPort: [Int], _ edges: [LayeredLayout.Edge]) {
    guard let first = ofPort.first else { return }
    let box = edges[first].from
    let offset = edges[first].offset
    var chain: [Int] = [], ends = [box]
    for edge in ofPort.sorted(by: { (rank[edges[$0].to], $0) < (rank[edges[$1].to], $1) }) {
      let steps = rank[edges[edge].to] - rank[box] - 1
      while chain.count < steps {
        rank.append(rank[box] + chain.count + 1)
        entering.append([])
        leaving.append([])
        chain.append(link(ends[chain.count], rank.count - 1, chain.isEmpty ? offset : 0))
        ends.append(rank.count - 1)
      }
      paths[edge] = chain.prefix(steps) + [link(ends[steps], edges[edge].to, steps == 0 ? offset : 0)]
    }
  }

  private mutating func link(_ upper: Int, _ lower: Int, _ offset: Double) -> Int {
    links.append(Link(upper: upper, lower: lower, offset: offset))
    leaving[upper].append(links.count - 1)
    entering[lower].append(links.count - 1)
    return links.count - 1
  }

  /// The links between each row and the next one.
  func linksByGap() -> [[Int]] {
    var gaps = [[Int]](repeating: [], count: max(0, count - 1))
    for (index, link) in links.enumerated() { gaps[rank[link.upper]].append(index) }
    return gaps
  }
}
