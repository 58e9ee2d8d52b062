/// Where the boxes of a directed graph stand and how the lines between them run, in rows from source to target.
///
/// Boxes do not overlap, lines pass between boxes, and edges of one port share a line until they part. The same graph gives the
/// same layout.
public struct LayeredLayout: Sendable {
  /// Where rows follow each other.
  public enum Direction: String, CaseIterable, Sendable {
    case down = "TB"
    case right = "LR"
  }

  /// The extent of a box.
  public struct Size: Sendable {
    /// In pixels.
    public var width: Double, height: Double

    /// An extent in pixels.
    public init(width: Double, height: Double) { (self.width, self.height) = (width, height) }
  }

  /// A line from one box to a later one.
  public struct Edge: Sendable {
    /// The indices of the boxes.
    public let from: Int, to: Int
    /// Which of the outputs of `from` it begins at, and how far that is from the middle of the box's side.
    public let port: Int, offset: Double

    /// An edge from a box to one with a larger index.
    public init(from: Int, to: Int, port: Int = 0, offset: Double = 0) {
      precondition(0 <= from && from < to, "an edge leads to a later box")
      (self.from, self.to, self.port, self.offset) = (from, to, port, offset)
    }
  }

  /// A box in its place.
  public struct Frame: Equatable, Sendable {
    /// The upper left corner and the extent.
    public let x: Double, y: Double, width: Double, height: Double

    package init(x: Double, y: Double, width: Double, height: Double) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }
  }

  /// For each box, its place.
  public let frames: [Frame]
  /// For each edge, the points it passes. Between two of them it runs straight in the direction of rows, or, where rows part, as
  /// a curve that begins and ends in that direction.
  public let routes: [[Drawing.Point]]
  /// Whether an edge passes rows between its ends.
  public let isLong: [Bool]
  /// How often lines cross.
  package let crossings: Int
  /// The extent of everything.
  public let width: Double, height: Double

  /// Lays out boxes.
  ///
  /// - Parameter edges: between boxes that exist.
  public init(_ boxes: [Size], _ edges: [Edge], direction: Direction = .down) {
    let isDown = direction == .down
    let across = boxes.map { isDown ? $0.width : $0.height }, along = boxes.map { isDown ? $0.height : $0.width }
    let rows = LayeredRows(boxes: boxes.count, edges)
    var order = RowOrder(rows, across: across)
    order.reduceCrossings()
    let places = BlockPlacement(rows, order, across: across).places
    let router = LineRouter(rows, order, places: places, across: across, along: along)
    let point = { (across: Double, along: Double) in
      isDown ? Drawing.Point(x: across, y: along) : Drawing.Point(x: along, y: across)
    }
    frames = boxes.indices.map { box in
      let corner = point(places[box] - across[box] / 2, router.start[rows.rank[box]])
      return Frame(x: corner.x, y: corner.y, width: boxes[box].width, height: boxes[box].height)
    }
    routes = rows.paths.map { path in router.route(path).map { point($0.across, $0.along) } }
    isLong = rows.paths.map { $0.count > 1 }
    crossings = order.crossings()
    let widest = rows.rank.indices.map { places[$0] + ($0 < boxes.count ? across[$0] / 2 : 0) }.max() ?? 0
    let extent = point(widest, router.end)
    (width, height) = (extent.x, extent.y)
  }
}
