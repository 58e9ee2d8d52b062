import Charts
import Testing

/// Boxes in rows, and lines between them.
@Suite struct LayeredLayoutTests {
  private typealias Edge = LayeredLayout.Edge

  /// A graph with boxes of different sizes, some with two outputs; the same for the same seed.
  private struct RandomGraph {
    var boxes: [LayeredLayout.Size] = []
    var edges: [LayeredLayout.Edge] = []
    private var state: UInt64

    init(seed: Int, boxes count: Int, reach: Int) {
      state = UInt64(seed) &* 2_862_933_555_777_941_757 &+ 3_037_000_493
      for box in 0..<count {
        boxes.append(LayeredLayout.Size(width: Double(60 + next(200)), height: Double(30 + next(90))))
        guard box > 0, next(12) > 0 else { continue }
        for _ in 0...next(3) {
          let from = max(0, box - 1 - next(min(box, reach))), port = next(2)
          edges.append(Edge(from: from, to: box, port: port, offset: port == 0 ? -15 : 15))
        }
      }
    }

    private mutating func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
  }

  private static let size = LayeredLayout.Size(width: 100, height: 40)

  private func layout(_ count: Int, _ edges: [Edge], _ direction: LayeredLayout.Direction = .down) -> LayeredLayout {
    LayeredLayout([LayeredLayout.Size](repeating: Self.size, count: count), edges, direction: direction)
  }

  /// A place as it would be in a picture whose rows follow each other downwards.
  private func turned(_ frame: LayeredLayout.Frame) -> LayeredLayout.Frame {
    LayeredLayout.Frame(x: frame.y, y: frame.x, width: frame.height, height: frame.width)
  }

  @Test(arguments: Array(1...12), LayeredLayout.Direction.allCases)
  func nothingOverlapsAndLinesPassBetweenBoxes(_ seed: Int, _ direction: LayeredLayout.Direction) {
    let graph = RandomGraph(seed: seed, boxes: 10 + 12 * seed, reach: 3 * seed)
    let layout = LayeredLayout(graph.boxes, graph.edges, direction: direction)
    let isDown = direction == .down
    let frames = isDown ? layout.frames : layout.frames.map(turned)
    let (width, height) = isDown ? (layout.width, layout.height) : (layout.height, layout.width)
    for (index, frame) in frames.enumerated() {
      #expect(frame.x >= 0 && frame.y >= 0 && frame.x + frame.width <= width && frame.y + frame.height <= height)
      for other in frames[..<index] {
        let isApart =
          frame.x + frame.width <= other.x || other.x + other.width <= frame.x || frame.y + frame.height <= other.y
          || other.y + other.height <= frame.y
        #expect(isApart, "\(frame) \(other)")
      }
    }
    for (edge, route) in zip(graph.edges, layout.routes) {
      let points = isDown ? route : route.map { Drawing.Point(x: $0.y, y: $0.x) }
      let (from, to) = (frames[edge.from], frames[edge.to])
      #expect(points.first == Drawing.Point(x: from.x + from.width / 2 + edge.offset, y: from.y + from.height))
      #expect(points.last.map { $0.y == to.y && $0.x > to.x && $0.x < to.x + to.width } == true)
      for (a, b) in zip(points, points.dropFirst()) {
        #expect(a.y < b.y)
        let touched = frames.filter { frame in
          max(a.x, b.x) > frame.x && min(a.x, b.x) < frame.x + frame.width && b.y > frame.y
            && a.y < frame.y + frame.height
        }
        #expect(touched.isEmpty, "\(a) \(b) \(touched)")
      }
    }
  }

  @Test func theSameGraphGivesTheSameLayout() {
    let graph = RandomGraph(seed: 5, boxes: 80, reach: 20)
    let first = LayeredLayout(graph.boxes, graph.edges), second = LayeredLayout(graph.boxes, graph.edges)
    #expect(first.frames == second.frames && first.routes == second.routes)
  }

  /// Four chains whose boxes stand in another order in each row, between one source and one target.
  @Test func chainsAreDisentangled() {
    var edges: [Edge] = []
    let orders = [[0, 1, 2, 3], [2, 0, 3, 1], [3, 2, 1, 0], [1, 3, 0, 2]]
    for (row, order) in orders.enumerated() {
      for (place, chain) in order.enumerated() {
        let before = row == 0 ? 0 : 1 + 4 * (row - 1) + (orders[row - 1].firstIndex(of: chain) ?? 0)
        edges.append(Edge(from: before, to: 1 + 4 * row + place))
      }
    }
    edges += (13...16).map { Edge(from: $0, to: 17) }
    let layout = layout(18, edges)
    #expect(layout.crossings == 0)
    for chain in edges.dropFirst(4).dropLast(4) {
      #expect(layout.frames[chain.from].x == layout.frames[chain.to].x, "a chain is straight")
    }
  }

  @Test func crossingsThatNobodyCanAvoidAreCounted() {
    let both = [2, 3].flatMap { to in [0, 1].map { Edge(from: $0, to: to) } }
    #expect(layout(4, both).crossings == 1)
    let three = [3, 4, 5].flatMap { to in [0, 1, 2].map { Edge(from: $0, to: to) } }
    #expect(layout(6, three).crossings == 9)
  }

  @Test func skipConnectionsRunBesideTheStraightTrunk() {
    let edges = [(0, 1), (1, 2), (2, 3), (0, 3), (3, 4), (4, 5), (3, 5)].map { Edge(from: $0, to: $1) }
    let layout = layout(6, edges)
    #expect(Set(layout.frames.map(\.x)).count == 1)
    #expect(layout.isLong == [false, false, false, true, false, false, true])
    for skip in [3, 6] {
      let beside = layout.routes[skip].filter { $0.x >= layout.frames[0].x + 100 + 12 }
      #expect(beside.count >= 2, "\(layout.routes[skip])")
    }
    #expect(layout.crossings == 0)
  }

  @Test func boxesWithoutSourcesStandAboveTheirReaders() {
    let layout = layout(5, [Edge(from: 0, to: 1), Edge(from: 1, to: 2), Edge(from: 3, to: 4), Edge(from: 2, to: 4)])
    #expect(layout.frames[3].y == layout.frames[2].y && layout.frames[0].y == 0)
  }

  /// Readers of one output share a line until they part; those of another output have their own.
  @Test func linesOfOnePortAreShared() {
    let edges = [
      Edge(from: 0, to: 1), Edge(from: 1, to: 2), Edge(from: 2, to: 3), Edge(from: 0, to: 2), Edge(from: 0, to: 3),
      Edge(from: 0, to: 3, port: 1, offset: 20),
    ]
    let routes = layout(4, edges).routes
    #expect(routes[3].prefix(3) == routes[4].prefix(3))
    #expect(routes[5][0] != routes[4][0] && Set(routes[5]).isDisjoint(with: routes[4]))
  }

  @Test func graphsWithoutLinesOrBoxesHaveALayout() {
    let empty = layout(0, [])
    #expect(empty.frames.isEmpty && empty.width == 0 && empty.height == 0)
    let alone = layout(3, [])
    #expect(alone.frames.map(\.y) == [0, 0, 0] && alone.height == 40 && alone.width > 300)
  }
}
