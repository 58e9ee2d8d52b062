import Evaluation
import Foundation

/// The results of an experiment: rows are what was trained, columns what it was tested on.
struct ExperimentTable: Encodable {
  /// One row.
  struct Row: Encodable {
    /// The network.
    let network: String
    /// The dataset that it was trained on; nil if each column's own.
    let trainedOn: String?
    /// One for each column.
    var cells: [Cell?]
    /// The share by which the reference's errors are fewer, (E1 - E2) / E1; nil for the reference, and if they are not.
    var relativeErrorReduction: Double?
  }

  /// What all seeds of a row scored in a column.
  struct Cell: Encodable {
    /// For each seed its confusion matrix.
    let matrices: [ConfusionMatrix]
    /// For each seed the share of images that it told right.
    let accuracies: [Double]
    /// Their mean.
    let mean: Double
    /// Their standard deviation, as of a sample; nil for one seed.
    let spread: Double?

    /// Scores in the order of the seeds, at least one, none of them without images.
    init(_ matrices: [ConfusionMatrix]) {
      self.matrices = matrices
      accuracies = matrices.map { $0.accuracy ?? 0 }
      let mean = accuracies.reduce(0, +) / Double(accuracies.count)
      self.mean = mean
      let squares = accuracies.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      spread = accuracies.count > 1 ? (squares / Double(accuracies.count - 1)).squareRoot() : nil
    }

    /// The number of errors of all seeds together.
    var errors: Int { matrices.reduce(0) { $0 + $1.errors } }

    /// `96.16 ± 0.32`, in percent.
    var text: String { decimal(mean * 100, digits: 2) + (spread.map { " ± " + decimal($0 * 100, digits: 2) } ?? "") }
  }

  let name: String
  let seeds: [Int]
  let testedOn: [String]
  let reference: String?
  var rows: [Row]

  /// Compares every row with the reference's row of the same training images.
  mutating func compare() {
    guard let reference else { return }
    for index in rows.indices {
      guard let base = rows.first(where: { $0.network == reference && $0.trainedOn == rows[index].trainedOn }) else {
        continue
      }
      let pairs = zip(rows[index].cells, base.cells).compactMap { own, base in
        own.flatMap { own in base.map { (own, $0) } }
      }
      rows[index].relativeErrorReduction = reduction(
        from: pairs.reduce(0) { $0 + $1.0.errors }, to: pairs.reduce(0) { $0 + $1.1.errors })
    }
  }

  /// The relative error reduction, which has the name of its own field here.
  private func reduction(from more: Int, to fewer: Int) -> Double? {
    relativeErrorReduction(from: more, to: fewer)
  }

  private var hasTrainingColumn: Bool { rows.contains { $0.trainedOn != nil } }

  /// The mean of a row over its columns.
  private func average(_ row: Row) -> Double? {
    let means = row.cells.compactMap { $0?.mean }
    return means.isEmpty ? nil : means.reduce(0, +) / Double(means.count)
  }

  /// The heads, then the rows as texts.
  private var texts: (heads: [String], rows: [[String]]) {
    let heads =
      ["network"] + (hasTrainingColumn ? ["trained on"] : []) + testedOn + (testedOn.count > 1 ? ["average"] : [])
      + (reference == nil ? [] : ["RER"])
    let rows = rows.map { row in
      [row.network] + (hasTrainingColumn ? [row.trainedOn ?? ""] : []) + row.cells.map { $0?.text ?? "-" }
        + (testedOn.count > 1 ? [average(row).map { decimal($0 * 100, digits: 2) } ?? "-"] : [])
        + (reference == nil ? [] : [row.relativeErrorReduction.map { decimal($0 * 100, digits: 2) } ?? "-"])
    }
    return (heads, rows)
  }

  private var remark: String {
    let spread = seeds.count > 1 ? ": mean and standard deviation over the \(seeds.count) seeds " : ", seed "
    let compared = reference.map {
      " RER is the share of a row's errors that \($0) does not make."
    }
    return "Accuracy in percent\(spread)\(seeds.map(String.init).joined(separator: ", ")).\(compared ?? "")"
  }

  /// For a terminal.
  var text: String {
    let texts = texts
    var table = Table(texts.heads.enumerated().map { ($1, $0 == 0 ? .left : .right) })
    for row in texts.rows { table.add(row) }
    return "\(name)\n\n\(table.text)\n\(remark)\n"
  }

  /// As Markdown.
  var markdown: String {
    let texts = texts
    let line = { (cells: [String]) in
      "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
    }
    return "# \(name)\n\n\(remark)\n\n" + line(texts.heads) + line(texts.heads.indices.map { $0 == 0 ? "---" : "---:" })
      + texts.rows.map(line).joined()
  }

  /// One line for each run and test, with its seed.
  var csv: String {
    var text = OutputFile.csvLine(["network", "trained_on", "tested_on", "seed", "images", "errors", "accuracy"])
    for row in rows {
      for (column, cell) in zip(testedOn, row.cells) {
        for (seed, matrix) in zip(seeds, cell?.matrices ?? []) {
          text += OutputFile.csvLine([
            row.network, row.trainedOn ?? column, column, String(seed), String(matrix.total), String(matrix.errors),
            decimal(matrix.accuracy ?? 0, digits: 6),
          ])
        }
      }
    }
    return text
  }
}
