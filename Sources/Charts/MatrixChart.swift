/// A table of shares whose cells are the darker the larger the share.
public struct MatrixChart: Sendable {
  /// What stands above it.
  public var title = ""
  /// What rows and columns are.
  public var rowsName = "", columnsName = ""
  /// The names of rows and columns.
  public var rows: [String], columns: [String]
  /// By row, then column: a share from 0 to 1, nil for none, and the text to show for it.
  public var cells: [[(share: Double?, text: String)]]

  /// A chart of cells, one for each row and column.
  public init(rows: [String], columns: [String], cells: [[(share: Double?, text: String)]]) {
    precondition(cells.count == rows.count && cells.allSatisfy { $0.count == columns.count })
    (self.rows, self.columns, self.cells) = (rows, columns, cells)
  }

  private static let cellHeight = 34.0, margin = 24.0

  /// Writes the chart.
  public func write(_ format: PictureFormat, to path: String) throws(PictureError) {
    let longest = { (names: [String]) in Double(names.map(\.count).max() ?? 0) * 8 }
    let texts = cells.flatMap { $0 }.map(\.text)
    let cellWidth = min(150, max(70, longest(columns) + 14, longest(texts) + 14))
    let left = Self.margin + 26 + longest(rows) + 12, top = Self.margin + (title.isEmpty ? 0 : 30) + 48
    let width = left + cellWidth * Double(columns.count) + Self.margin
    let height = top + Self.cellHeight * Double(rows.count) + Self.margin
    let wide = max(width, Double(title.count) * 10.2 + 2 * Self.margin)
    try Canvas.write(format, to: path, width: wide, height: height) { canvas in
      if !title.isEmpty { canvas.text(title, Self.margin, Self.margin + 6, size: 16, isBold: true) }
      canvas.text(columnsName, left, top - 42, size: 12, .left, .pale)
      canvas.text(
        rowsName, Self.margin + 4, top + Self.cellHeight * Double(rows.count) / 2, size: 12, .middle, .pale,
        isTurned: true)
      for (column, name) in columns.enumerated() {
        canvas.text(name, left + (Double(column) + 0.5) * cellWidth, top - 16, .middle)
      }
      for (row, name) in rows.enumerated() {
        let y = top + Double(row) * Self.cellHeight
        canvas.text(name, left - 10, y + Self.cellHeight / 2, .right)
        for (column, cell) in cells[row].enumerated() {
          draw(cell, canvas, left + Double(column) * cellWidth, y, cellWidth)
        }
      }
    }
  }

  private func draw(_ cell: (share: Double?, text: String), _ canvas: Canvas, _ x: Double, _ y: Double, _ width: Double)
  {
    let share = min(1, max(0, cell.share ?? 0))
    canvas.fill(x, y, width, Self.cellHeight, Colour.paper.mixed(with: Colour.series[0], share))
    canvas.frame(x, y, width, Self.cellHeight, .faint)
    canvas.text(
      cell.text, x + width / 2, y + Self.cellHeight / 2, .middle, share > 0.5 ? .paper : .ink)
  }
}
