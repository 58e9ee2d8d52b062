/// Sections of gray maps, each section a table: its rows are named, its columns too.
public struct MapGrid: Sendable {
  /// One map: `width` x `height` values, rows from the top.
  public struct Map: Sendable {
    let width: Int, height: Int
    let values: [Float]

    /// A map of values.
    public init(width: Int, height: Int, values: [Float]) {
      precondition(width > 0 && height > 0 && values.count == width * height)
      (self.width, self.height, self.values) = (width, height, values)
    }

    /// The least and the greatest value that is a number.
    public var range: ClosedRange<Float>? {
      let finite = values.filter(\.isFinite)
      guard let low = finite.min(), let high = finite.max() else { return nil }
      return low...high
    }
  }

  /// A table of maps.
  public struct Section: Sendable {
    /// What stands above it.
    public let title: String
    /// Names of the columns.
    public let columns: [String]
    /// Each row's name and its maps, at most as many as there are columns.
    public let rows: [(name: String, maps: [Map])]
    /// Whether all maps share one scale from black to white; else each has its own.
    public let hasCommonScale: Bool

    /// A table.
    public init(title: String, columns: [String], rows: [(name: String, maps: [Map])], hasCommonScale: Bool) {
      (self.title, self.columns, self.rows, self.hasCommonScale) = (title, columns, rows, hasCommonScale)
    }

    var range: ClosedRange<Float>? {
      let ranges = rows.flatMap(\.maps).compactMap(\.range)
      guard let low = ranges.map(\.lowerBound).min(), let high = ranges.map(\.upperBound).max() else { return nil }
      return low...high
    }
  }

  /// The title above all.
  public var title: String
  /// The tables, one below the other.
  public var sections: [Section]
  /// The side of a map in pixels.
  public var side: Double

  /// A picture of tables.
  public init(title: String, sections: [Section], side: Double) {
    (self.title, self.sections, self.side) = (title, sections, side)
  }

  private static let margin = 20.0, gap = 6.0, caption = 16.0, head = 52.0

  private var nameWidth: Double {
    Double(sections.flatMap { $0.rows.map(\.name.count) }.max() ?? 0) * 7.5 + 12
  }

  private func height(of section: Section) -> Double {
    Self.head + Double(section.rows.count) * (side + Self.gap + Self.caption) + 10
  }

  private func width(of section: Section) -> Double {
    let note = section.hasCommonScale ? "   black -0.001, white -0.001".count : 0
    return max(
      nameWidth + Double(section.columns.count) * (side + Self.gap), Double(section.title.count + note) * 9)
  }

  /// Where sections stand: two beside each other if that is no wider than the widest one, or than a screen.
  private func layout() -> (places: [(x: Double, y: Double)], width: Double, height: Double) {
    let widths = sections.map(width(of:)), most = max(widths.max() ?? 0, 1000)
    var places: [(x: Double, y: Double)] = [], y = Self.margin + 30, index = 0
    var right = Self.margin + Double(title.count) * 10.2
    while index < sections.count {
      let row = index + 1 < sections.count && widths[index] + 30 + widths[index + 1] <= most ? 2 : 1
      places.append((Self.margin, y))
      if row == 2 { places.append((Self.margin + widths[index] + 30, y)) }
      right = max(right, (places.last?.x ?? 0) + widths[index + row - 1])
      y += sections[index..<index + row].map(height(of:)).max() ?? 0
      index += row
    }
    return (places, right + Self.margin, y + Self.margin)
  }

  /// Writes the picture.
  public func write(_ format: PictureFormat, to path: String) throws(PictureError) {
    let (places, width, height) = layout()
    try Canvas.write(format, to: path, width: width, height: height) { canvas in
      canvas.text(title, Self.margin, Self.margin + 8, size: 16, isBold: true)
      for (section, place) in zip(sections, places) { draw(section, on: canvas, place.x, place.y) }
    }
  }

  private func draw(_ section: Section, on canvas: Canvas, _ start: Double, _ top: Double) {
    let left = start + nameWidth
    let note =
      section.hasCommonScale
      ? section.range.map { "   black \(short($0.lowerBound)), white \(short($0.upperBound))" } : nil
    canvas.text(section.title + (note ?? ""), start, top + 12, size: 14, isBold: true)
    for (column, name) in section.columns.enumerated() {
      canvas.text(name, left + Double(column) * (side + Self.gap) + side / 2, top + 36, size: 11, .middle, .pale)
    }
    for (index, row) in section.rows.enumerated() {
      let y = top + Self.head + Double(index) * (side + Self.gap + Self.caption)
      canvas.text(row.name, left - 10, y + side / 2, size: 12, .right)
      for (column, map) in row.maps.enumerated() {
        let x = left + Double(column) * (side + Self.gap), range = section.hasCommonScale ? section.range : map.range
        canvas.image(
          image(map, range ?? 0...1), x, y, side, side * Double(map.height) / Double(max(map.width, map.height)))
        canvas.frame(x, y, side, side, .faint)
        guard !section.hasCommonScale, let range else { continue }
        canvas.text(
          "\(short(range.lowerBound)) … \(short(range.upperBound))", x + side / 2, y + side + 9, size: 9, .middle, .pale
        )
      }
    }
  }

  /// Black at the low end, white at the high end; what is no number is red.
  private func image(_ map: Map, _ range: ClosedRange<Float>) -> PixelImage {
    let length = range.upperBound - range.lowerBound
    return PixelImage(
      width: map.width, height: map.height,
      pixels: map.values.map { value in
        guard value.isFinite else { return 0xCC2222 }
        let share = length > 0 ? min(1, max(0, (value - range.lowerBound) / length)) : 0.5
        let level = UInt32((share * 255).rounded())
        return level << 16 | level << 8 | level
      })
  }

  /// Three significant digits.
  private func short(_ value: Float) -> String {
    let size = abs(value)
    guard value.isFinite, size >= 0.001, size < 1e6 else { return value == 0 ? "0" : "\(value)" }
    if size >= 100 { return "\(Int(value.rounded()))" }
    var scale: Float = 1
    while size * scale < 100 { scale *= 10 }
    return "\((value * scale).rounded() / scale)"
  }
}
