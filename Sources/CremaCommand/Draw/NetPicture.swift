import Charts

/// The drawing of a net: title, legend, boxes and lines.
struct NetPicture {
  private static let margin = 24.0, lineColour = Colour(gray: 0.38),
    longColour = Colour(red: 0.05, green: 0.30, blue: 0.62)

  private let diagram: NetDiagram
  private let boxes: [LayerBox]
  private let layout: LayeredLayout
  private let ruler: TextRuler

  /// The picture of a net.
  ///
  /// - Throws: no memory.
  init(_ diagram: NetDiagram, direction: LayeredLayout.Direction) throws(PictureError) {
    let ruler = try TextRuler(), isDown = direction == .down
    let boxes = diagram.boxes.map { LayerBox($0, isDown: isDown, ruler) }
    let edges = diagram.lines.map {
      LayeredLayout.Edge(from: $0.from, to: $0.to, port: $0.top, offset: boxes[$0.from].offsets[$0.top])
    }
    layout = LayeredLayout(
      boxes.map { LayeredLayout.Size(width: $0.width, height: $0.height) }, edges, direction: direction)
    (self.diagram, self.boxes, self.ruler) = (diagram, boxes, ruler)
    self.isDown = isDown
  }

  private let isDown: Bool

  /// The whole picture.
  var drawing: Drawing {
    let head = head(width: max(layout.width, 460))
    let width = max(layout.width, head.width) + 2 * Self.margin
    var drawing = Drawing(width: width, height: head.height + layout.height + 2 * Self.margin)
    drawing.marks = head.marks
    let origin = Drawing.Point(x: ((width - layout.width) / 2).rounded(), y: Self.margin + head.height)
    drawing.marks += lines(origin)
    for (box, frame) in zip(boxes, layout.frames) {
      drawing.marks += box.marks(origin.x + frame.x, origin.y + frame.y, ruler)
    }
    return drawing
  }

  // MARK: Head

  private func head(width: Double) -> (marks: [Drawing.Mark], width: Double, height: Double) {
    let layers = diagram.layers, parameters = layers.reduce(0) { $0 + $1.parameters }
    let adds = layers.reduce(0) { $0 + $1.multiplyAdds }
    var facts = ["phase \(diagram.phase.rawValue), \(layers.count.grouped) layers"]
    if diagram.opaque < layers.count {
      facts[0] += ", \(parameters.grouped) parameters, \(adds.grouped) multiply-adds"
    }
    if diagram.opaque > 0 {
      facts.append("shapes and parameters of \(diagram.opaque) layer\(diagram.opaque == 1 ? "" : "s") are unknown")
    }
    var marks: [Drawing.Mark] = [], y = Self.margin + 8, widest = 0.0
    for (text, size, isBold) in [(LayerBox.short(diagram.title), 17.0, true)] + facts.map({ ($0, 12.0, false) }) {
      let line = ruler.text(text, Self.margin, y, size: size, .left, isBold ? .ink : .pale, isBold: isBold)
      marks.append(.text(line))
      widest = max(widest, line.length)
      y += isBold ? 22 : 17
    }
    var x = Self.margin
    y += 5
    for kind in LayerKind.allCases where layers.contains(where: { $0.kind == kind }) {
      let length = ruler.width(of: kind.rawValue, size: 12)
      if x > Self.margin, x + 20 + length > Self.margin + width { (x, y) = (Self.margin, y + 19) }
      marks += legend(kind, x, y)
      x += 20 + length + 18
      widest = max(widest, x - 18 - Self.margin)
    }
    return (marks, widest, y + 28 - Self.margin)
  }

  private func legend(_ kind: LayerKind, _ x: Double, _ y: Double) -> [Drawing.Mark] {
    [
      .box(
        Drawing.Point(x: x + 0.5, y: y - 6.5), width: 13, height: 13, radius: 3,
        fill: kind.colour.mixed(with: .paper, 0.76), border: kind.colour),
      .text(ruler.text(kind.rawValue, x + 20, y, size: 12)),
    ]
  }

  // MARK: Lines

  /// One piece of a line.
  private struct Piece: Hashable {
    let from: Drawing.Point, to: Drawing.Point
  }

  /// Lines that pass rows are drawn first and stronger; pieces that lines share are drawn once.
  private func lines(_ origin: Drawing.Point) -> [Drawing.Mark] {
    var drawn: Set<Piece> = [], marks: [Drawing.Mark] = [], heads: [Drawing.Mark] = []
    let sorted = layout.routes.indices.sorted { (layout.isLong[$0] ? 0 : 1, $0) < (layout.isLong[$1] ? 0 : 1, $1) }
    for index in sorted {
      let points = layout.routes[index].map { Drawing.Point(x: origin.x + $0.x, y: origin.y + $0.y) }
      let colour = layout.isLong[index] ? Self.longColour : Self.lineColour
      let new = zip(points, points.dropFirst()).map(Piece.init).drop { drawn.contains($0) }
      drawn.formUnion(new)
      if let first = new.first {
        let steps = new.enumerated().map { place, piece in step(piece, isLast: place == new.count - 1) }
        marks.append(
          .path(first.from, straightened(steps, from: first.from), colour, width: layout.isLong[index] ? 1.8 : 1.4))
      }
      if let end = points.last { heads.append(arrow(end, colour)) }
    }
    return marks + heads
  }

  /// A straight line in the direction of rows, or a curve that begins and ends in it; the last one ends behind the arrow's tip.
  private func step(_ piece: Piece, isLast: Bool) -> Drawing.Step {
    var end = piece.to
    if isLast { if isDown { end.y -= 4 } else { end.x -= 4 } }
    if isDown ? piece.from.x == end.x : piece.from.y == end.y { return .line(end) }
    if isDown {
      let middle = (piece.from.y + end.y) / 2
      return .curve(Drawing.Point(x: piece.from.x, y: middle), Drawing.Point(x: end.x, y: middle), end)
    }
    let middle = (piece.from.x + end.x) / 2
    return .curve(Drawing.Point(x: middle, y: piece.from.y), Drawing.Point(x: middle, y: end.y), end)
  }

  /// The same way with one straight line for several in a row.
  private func straightened(_ steps: [Drawing.Step], from start: Drawing.Point) -> [Drawing.Step] {
    var result: [Drawing.Step] = []
    for step in steps {
      if case .line = step, case .line? = result.last { result.removeLast() }
      result.append(step)
    }
    return result
  }

  private func arrow(_ tip: Drawing.Point, _ colour: Colour) -> Drawing.Mark {
    let corners = isDown ? [(0.0, 0.0), (-3.5, -7.0), (3.5, -7.0)] : [(0.0, 0.0), (-7.0, -3.5), (-7.0, 3.5)]
    return .shape(corners.map { Drawing.Point(x: tip.x + $0.0, y: tip.y + $0.1) }, colour)
  }
}
