import Charts

/// A box of a net's picture: what stands in it, and how large that makes it.
struct LayerBox {
  private enum Size {
    static let name = 12.0, text = 11.0, edge = 9.0, nameLine = 17.0, textLine = 14.0, chip = 15.0, chipLine = 18.0
    static let topLine = 17.0, narrowest = 96.0, widestText = 230.0
  }

  /// The extent.
  let width: Double, height: Double
  /// For each top, how far from the middle of the box's side the lines of its readers begin.
  let offsets: [Double]
  private let box: NetDiagram.Box
  private let heads: [String]
  /// What is said of the tops, and for each of these the extent across the rows of boxes.
  private let tops: [String]
  private let cells: [Double]
  private let isDown: Bool

  /// The face of a box in a picture whose rows follow each other downwards or to the right.
  init(_ box: NetDiagram.Box, isDown: Bool, _ ruler: TextRuler) {
    (self.box, self.isDown) = (box, isDown)
    let first = box.layers[0]
    heads = Self.heads(first, ruler)
    tops = Self.captions(box.tops)
    let isDivided = isDown && tops.count > 1
    let lengths = tops.map { ruler.width(of: $0, size: Size.text) + 14 }
    let texts =
      [ruler.width(of: Self.short(first.name), size: Size.name, isBold: true)]
      + heads.map { ruler.width(of: $0, size: Size.text) }
      + box.layers.dropFirst().map { layer in
        ruler.width(of: Self.short(layer.name), size: Size.text)
          + ruler.width(of: Self.note(layer), size: Size.text) + 28
      }
    let widest = max(Size.narrowest, (texts.max() ?? 0) + 2 * Size.edge)
    let wanted = isDivided ? lengths.reduce(0, +) : (lengths.max() ?? 0)
    width = max(widest, wanted).rounded(.up)
    let spare = (width - lengths.reduce(0, +)) / Double(max(1, lengths.count))
    cells = tops.indices.map { isDivided ? lengths[$0] + spare : Size.topLine }
    let rows = tops.isEmpty ? 0 : isDivided ? 1 : tops.count
    height =
      5 + Size.nameLine + Double(heads.count) * Size.textLine + Double(box.layers.count - 1) * Size.chipLine + 4
      + Double(rows) * Size.topLine + (rows > 0 ? 2 : 1)
    offsets = Self.offsets(box.tops.count, cells, isDown: isDown, width: width, height: height)
  }

  /// A blob for each caption, or all of them for one.
  private static func offsets(_ count: Int, _ cells: [Double], isDown: Bool, width: Double, height: Double) -> [Double]
  {
    guard cells.count > 1 else { return [Double](repeating: 0, count: count) }
    var end = isDown ? -width / 2 : height / 2 - 2 - cells.reduce(0, +)
    return cells.map { cell in
      end += cell
      return end - cell / 2
    }
  }

  /// The shape of the only top; names and shapes of several ones.
  private static func captions(_ tops: [(name: String, shape: String)]) -> [String] {
    guard tops.count > 1 else { return tops.map(\.shape).filter { !$0.isEmpty } }
    return tops.map { $0.shape.isEmpty ? short($0.name) : "\(short($0.name)) \($0.shape)" }
  }

  /// The type with its parameters, on as many lines as that takes.
  private static func heads(_ layer: NetDiagram.Layer, _ ruler: TextRuler) -> [String] {
    var lines = [short(layer.type)]
    for (index, phrase) in layer.details.enumerated() {
      let longer = lines[lines.count - 1] + (index == 0 ? "  " : ", ") + short(phrase)
      if ruler.width(of: longer, size: Size.text) <= Size.widestText {
        lines[lines.count - 1] = longer
      } else if lines.count == 3 {
        lines[2] += ", …"
        break
      } else {
        if index > 0 { lines[lines.count - 1] += "," }
        lines.append(short(phrase))
      }
    }
    return lines
  }

  /// What stands on the right of a layer that changes the top.
  private static func note(_ layer: NetDiagram.Layer) -> String {
    let details = layer.type == "Dropout" ? layer.details : []
    return ([short(layer.type)] + details).joined(separator: " ")
  }

  /// A text of the file on one line and not too long.
  static func short(_ text: String) -> String {
    let clean = String(
      String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    return clean.count <= 48 ? clean : "\(clean.prefix(24))…\(clean.suffix(23))"
  }

  // MARK: Marks

  /// What draws the box with its upper left corner at a place.
  func marks(_ x: Double, _ y: Double, _ ruler: TextRuler) -> [Drawing.Mark] {
    let first = box.layers[0], middle = x + width / 2
    var marks: [Drawing.Mark] = [
      .begin(note),
      .box(
        Drawing.Point(x: x + 0.5, y: y + 0.5), width: width - 1, height: height - 1, radius: 4,
        fill: first.kind.colour.mixed(with: .paper, 0.76), border: first.kind.colour),
    ]
    var line = y + 5 + Size.nameLine / 2
    marks.append(.text(ruler.text(Self.short(first.name), middle, line, size: Size.name, .middle, isBold: true)))
    line += Size.nameLine / 2 + Size.textLine / 2
    for head in heads {
      marks.append(.text(ruler.text(head, middle, line, size: Size.text, .middle)))
      line += Size.textLine
    }
    line += Size.chipLine / 2 - Size.textLine / 2 + 1
    for layer in box.layers.dropFirst() {
      marks += chip(layer, x + 5, line, ruler)
      line += Size.chipLine
    }
    return marks + topMarks(x, y, ruler) + [.end]
  }

  private func chip(_ layer: NetDiagram.Layer, _ x: Double, _ middle: Double, _ ruler: TextRuler) -> [Drawing.Mark] {
    [
      .box(
        Drawing.Point(x: x, y: middle - Size.chip / 2), width: width - 10, height: Size.chip, radius: 3,
        fill: layer.kind.colour.mixed(with: .paper, 0.68), border: nil),
      .text(ruler.text(Self.short(layer.name), x + 6, middle, size: Size.text)),
      .text(ruler.text(Self.note(layer), x + width - 16, middle, size: Size.text, .right, Self.quiet)),
    ]
  }

  private static let quiet = Colour(gray: 0.32)

  /// The shapes, at the end of the box where their lines begin.
  private func topMarks(_ x: Double, _ y: Double, _ ruler: TextRuler) -> [Drawing.Mark] {
    var marks: [Drawing.Mark] = []
    for (index, caption) in tops.enumerated() {
      let isDivided = tops.count > 1
      let across = isDown && isDivided ? x + width / 2 + offsets[index] : isDivided ? x + width - 7 : x + width / 2
      let along = !isDown && isDivided ? y + height / 2 + offsets[index] : y + height - 2 - Size.topLine / 2
      marks.append(
        .text(
          ruler.text(caption, across, along, size: Size.text, isDown || !isDivided ? .middle : .right, Self.quiet)))
      if isDown, index > 0 {
        let edge = across - cells[index] / 2
        marks.append(
          .path(
            Drawing.Point(x: edge, y: y + height - Size.topLine - 1),
            [.line(Drawing.Point(x: edge, y: y + height - 1))],
            box.layers[0].kind.colour.mixed(with: .paper, 0.4), width: 1))
      }
    }
    return marks
  }

  /// All that is known of the box's layers.
  private var note: String {
    box.layers.map { layer in
      var line = ([layer.name, layer.type] + layer.details).joined(separator: ", ")
      if layer.parameters > 0 { line += ", \(layer.parameters.grouped) parameters" }
      if layer.multiplyAdds > 0 { line += ", \(layer.multiplyAdds.grouped) multiply-adds" }
      return line
    }.joined(separator: "\n")
  }
}
