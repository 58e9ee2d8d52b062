import Crema
import Foundation

/// What `verify` prints.
enum VerifyOutput {
  /// One line for each tensor, in the order in which the net computes them, then the verdict.
  static func table(_ report: Verifier.Report) -> String {
    var table = Table([
      ("layer", .left), ("compared", .left), ("shape", .left), ("absolute", .right), ("relative", .right),
      ("wrong", .right),
      ("", .left),
    ])
    for comparison in report.comparisons {
      let isCompared = comparison.problem == nil
      table.add([
        comparison.layer, comparison.path, "\(comparison.shape)",
        isCompared ? number(comparison.largestAbsolute) : "-", isCompared ? number(comparison.largestRelative) : "-",
        isCompared ? "\(comparison.wrongCount)" : "-",
        comparison.agrees ? "ok" : comparison.problem ?? "beyond tolerance",
      ])
    }
    return table.text + "\n" + verdict(report)
  }

  private static func verdict(_ report: Verifier.Report) -> String {
    guard let first = report.firstDivergence else {
      return "All \(report.comparisons.count) tensors agree.\n"
    }
    let wrong = report.comparisons.count { !$0.agrees }
    let layer =
      first.layer.isEmpty ? first.path : "layer '\(first.layer)' (\(first.path), \(first.direction.rawValue) pass)"
    var text = "\(wrong) of \(report.comparisons.count) tensors differ. The first to diverge: \(layer)"
    if let problem = first.problem { text += ": \(problem)" }
    if let number = first.firstWrong {
      text += ": number \(number.index) is \(number.found), recorded is \(number.expected)"
    }
    return text + "\n"
  }

  private static func number(_ value: Float) -> String {
    value == 0 ? "0" : value.isFinite ? String(format: "%.2e", Double(value)) : "\(value)"
  }

  private struct Row: Encodable {
    let layer: String, path: String, direction: String, shape: [Int]
    let largestAbsolute: Float?, largestRelative: Float?
    let wrongCount: Int, agrees: Bool, problem: String?
  }

  private struct Whole: Encodable {
    let agrees: Bool, firstDivergence: String?, comparisons: [Row]
  }

  /// The same as JSON; numbers that are not finite are null.
  static func json(_ report: Verifier.Report) throws -> String {
    let finite = { (value: Float) in value.isFinite ? value : nil }
    let rows = report.comparisons.map {
      Row(
        layer: $0.layer, path: $0.path, direction: $0.direction.rawValue, shape: $0.shape.axes,
        largestAbsolute: finite($0.largestAbsolute), largestRelative: finite($0.largestRelative),
        wrongCount: $0.wrongCount,
        agrees: $0.agrees, problem: $0.problem)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let whole = Whole(agrees: report.agrees, firstDivergence: report.firstDivergence?.path, comparisons: rows)
    return String(decoding: try encoder.encode(whole), as: UTF8.self) + "\n"
  }
}
