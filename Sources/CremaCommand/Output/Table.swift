/// Aligned columns of text, with a rule below the heads.
package struct Table {
  /// How a column is aligned.
  package enum Alignment: Sendable { case left, right }

  private let heads: [(name: String, alignment: Alignment)]
  private var rows: [[String]?] = []

  /// A table with these columns.
  package init(_ heads: [(name: String, alignment: Alignment)]) { self.heads = heads }

  /// Adds a row with a text for each column.
  package mutating func add(_ row: [String]) {
    precondition(row.count == heads.count, "a row needs one text for each column")
    rows.append(row)
  }

  /// Adds a horizontal rule.
  package mutating func addRule() { rows.append(nil) }

  /// All lines, each ended by a line break and without spaces before it.
  package var text: String {
    let all = [heads.map(\.name)] + rows.compactMap { $0 }
    let widths = heads.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
    var lines = [line(heads.map(\.name), widths), rule]
    lines += rows.map { $0.map { line($0, widths) } ?? rule }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The same in Markdown, without rules between rows.
  package var markdown: String {
    func line(_ cells: [String]) -> String {
      "| \(cells.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }.joined(separator: " | ")) |\n"
    }
    let rules = heads.map { $0.alignment == .left ? "---" : "---:" }
    return line(heads.map(\.name)) + line(rules) + rows.compactMap { $0 }.map(line).joined()
  }

  private func line(_ row: [String], _ widths: [Int]) -> String {
    let cells = row.enumerated().map { column, text in
      let space = String(repeating: " ", count: widths[column] - text.count)
      return heads[column].alignment == .left ? text + space : space + text
    }
    let joined = cells.joined(separator: "  ")
    return String(joined.dropLast(joined.utf8.reversed().prefix { $0 == 0x20 }.count))
  }
}

extension Int {
  /// The number with commas between groups of three digits.
  package var grouped: String {
    var digits = Array(String(magnitude)), text = ""
    while digits.count > 3 {
      text = "," + String(digits.suffix(3)) + text
      digits.removeLast(3)
    }
    return (self < 0 ? "-" : "") + String(digits) + text
  }
}
