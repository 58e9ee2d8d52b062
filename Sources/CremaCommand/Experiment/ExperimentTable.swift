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

  /// What became of a run.
  enum Outcome {
    case tested(ConfusionMatrix)
    /// It was given up after this update.
    case diverged(at: Int)
  }

  /// What all seeds of a row scored in a column.
  struct Cell: Encodable {
    /// For each seed its confusion matrix; nil if it diverged.
    let matrices: [ConfusionMatrix?]
    /// For each seed the share of images that it told right.
    let accuracies: [Double?]
    /// For each seed the update after which it was given up; nil if none was.
    let divergedAt: [Int?]?
    /// The mean of the accuracies; nil if there is none.
    let mean: Double?
    /// Their standard deviation, as of a sample; nil for fewer than two.
    let spread: Double?

    /// Outcomes in the order of the seeds, none of them without images.
    init(_ outcomes: [Outcome]) {
      matrices = outcomes.map { if case .tested(let matrix) = $0 { matrix } else { nil } }
      let updates: [Int?] = outcomes.map { if case .diverged(let update) = $0 { update } else { nil } }
      divergedAt = updates.contains { $0 != nil } ? updates : nil
      accuracies = matrices.map { $0?.accuracy }
      let known = accuracies.compactMap { $0 }, mean = known.reduce(0, +) / Double(max(1, known.count))
      self.mean = known.isEmpty ? nil : mean
      let squares = known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      spread = known.count > 1 ? (squares / Double(known.count - 1)).squareRoot() : nil
    }

    /// `96.16 ± 0.32` in percent, `diverged at 120`, or both with the second one in brackets.
    var text: String {
      let number = mean.map {
        decimal($0 * 100, digits: 2) + (spread.map { " ± " + decimal($0 * 100, digits: 2) } ?? "")
      }
      let updates = (divergedAt ?? []).compactMap { $0.map(String.init) }
      let mark = updates.isEmpty ? nil : "diverged at " + updates.joined(separator: ", ")
      return number.map { $0 + (mark.map { " (\($0))" } ?? "") } ?? mark ?? "-"
    }
  }

  let name: String
  let seeds: [Int]
  let testedOn: [String]
  let reference: String?
  var rows: [Row]

  /// Compares every row with the reference's row of the same training images, over the seeds that both came to an end with.
  mutating func compare() {
    guard let reference else { return }
    for index in rows.indices {
      guard let base = rows.first(where: { $0.network == reference && $0.trainedOn == rows[index].trainedOn }) else {
        continue
      }
      var errors = (own: 0, base: 0)
      for (own, base) in zip(rows[index].cells, base.cells) {
        for case (let own?, let base?) in zip(own?.matrices ?? [], base?.matrices ?? []) {
          errors = (errors.own + own.errors, errors.base + base.errors)
        }
      }
      rows[index].relativeErrorReduction = reduction(from: errors.own, to: errors.base)
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
    return
      "Accuracy in percent\(spread)\(seeds.map(String.init).joined(separator: ", ")).\(compared ?? "")\(divergences)"
  }

  /// Which runs diverged, in the words of a sentence.
  private var divergences: String {
    var names: [String] = []
    for row in rows {
      for (column, cell) in zip(testedOn, row.cells) {
        for case (let seed, let update?) in zip(seeds, cell?.divergedAt ?? []) {
          names.append("\(row.network), \(row.trainedOn ?? column), seed \(seed) (update \(update))")
        }
      }
    }
    return names.isEmpty ? "" : " Diverged, and in no mean: \(names.uniqued.joined(separator: "; "))."
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
    var text = OutputFile.csvLine([
      "network", "trained_on", "tested_on", "seed", "images", "errors", "accuracy", "diverged_at",
    ])
    for row in rows {
      for (column, cell) in zip(testedOn, row.cells) {
        for (index, seed) in seeds.enumerated() {
          guard let cell else { continue }
          let matrix = cell.matrices[index],
            numbers = matrix.map { [String($0.total), String($0.errors)] } ?? ["", ""]
          text += OutputFile.csvLine(
            [row.network, row.trainedOn ?? column, column, String(seed)] + numbers + [
              cell.accuracies[index].map { decimal($0, digits: 6) } ?? "",
              cell.divergedAt?[index].map(String.init) ?? "",
            ])
        }
      }
    }
    return text
  }
}
