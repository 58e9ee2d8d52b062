import Charts
import Crema
import Evaluation
import Foundation
import Prototxt

/// The results of models on databases: to read, and as files.
struct EvaluationReport {
  /// One model on one database.
  struct Entry {
    let model: String
    let data: String
    let evaluation: Evaluation

    var title: String { "\(model) on \(data)" }
    var result: EvaluationResult { evaluation.result(model: model, data: data) }
  }

  /// The file that `--output` writes as JSON.
  private struct Contents: Codable {
    let results: [EvaluationResult]
  }

  private let hidesSmall: Bool
  private let baseline: EvaluationResult?
  private var entries: [Entry] = []

  init(hidesSmall: Bool, baseline: EvaluationResult?) { (self.hidesSmall, self.baseline) = (hidesSmall, baseline) }

  mutating func add(_ entry: Entry) { entries.append(entry) }

  /// The one result of a JSON file.
  static func result(of path: String) throws -> EvaluationResult {
    let bytes = Data(try SourceText(contentsOf: path).bytes)
    guard let contents = try? JSONDecoder().decode(Contents.self, from: bytes) else {
      throw Diagnostic("'\(path)' is no result of crema evaluate; write one with --output RESULT.json")
    }
    guard contents.results.count == 1 else {
      throw Diagnostic("'\(path)' has \(contents.results.count) results; a baseline is one model on one database")
    }
    return contents.results[0]
  }

  // MARK: - Text

  var text: String {
    var parts = entries.map { "\(headline($0))\n\n\(confusion($0).text)\(remarks($0))" }
    if entries.count > 1 { parts.append("Accuracy: rows are models, columns test sets\n\n\(crossTable.text)") }
    return parts.joined(separator: "\n")
  }

  private func headline(_ entry: Entry) -> String {
    let result = entry.result
    return
      "\(entry.title): \(result.images.grouped) images, accuracy \(percent(result.accuracy)), \(result.errors.grouped) "
      + "errors" + (result.area.map { ", AUC \(decimal($0, digits: 4))" } ?? "")
  }

  private func shown(_ share: Double?) -> String {
    hidesSmall && (share ?? 1) < 0.01 ? "*" : percent(share)
  }

  private func confusion(_ entry: Entry) -> Table {
    let matrix = entry.evaluation.matrix, names = entry.evaluation.classes, classes = entry.result.classes
    var table = Table(
      [("true \\ predicted", .left)] + names.map { ($0, .right) }
        + [("images", .right), ("precision", .right), ("recall", .right), ("AUC", .right)])
    for (label, name) in names.enumerated() {
      table.add(
        [name] + names.indices.map { shown(matrix.share(label: label, predicted: $0)) } + [
          classes[label].images.grouped, percent(classes[label].precision), percent(classes[label].recall),
          classes[label].area.map { decimal($0, digits: 4) } ?? "-",
        ])
    }
    return table
  }

  private func remarks(_ entry: Entry) -> String {
    let result = entry.result, matrix = result.matrix
    var lines: [String] = []
    if !matrix.isBalanced {
      lines.append(
        "mean recall \(percent(matrix.meanRecall)): classes are of different size, so AMTENnet's released test script, which divides "
          + "columns by the totals of rows, would print:")
      for (label, name) in entry.evaluation.classes.enumerated() {
        let shares = matrix.counts.indices.map { percent(matrix.releasedScriptShare(label: label, predicted: $0)) }
        lines.append("  \(name): \(shares.joined(separator: " "))")
      }
    }
    if let baseline { lines.append(reduction(result, from: baseline)) }
    return lines.map { $0 + "\n" }.joined()
  }

  private func reduction(_ result: EvaluationResult, from baseline: EvaluationResult) -> String {
    let counts = "\(baseline.errors) errors of \(baseline.model), \(result.errors) of \(result.model)"
    guard baseline.images == result.images else {
      return "no relative error reduction: \(baseline.images) images were tested then, \(result.images) now"
    }
    if let share = relativeErrorReduction(from: baseline.errors, to: result.errors) {
      return "relative error reduction \(percent(share)) (\(counts))"
    }
    let back = relativeErrorReduction(from: result.errors, to: baseline.errors)
    return "no relative error reduction (\(counts))" + (back.map { "; the other way round it is \(percent($0))" } ?? "")
  }

  private var models: [String] { entries.map(\.model).uniqued }
  private var sets: [String] { entries.map(\.data).uniqued }

  private func accuracy(_ model: String, _ set: String) -> Double? {
    entries.first { $0.model == model && $0.data == set }?.evaluation.matrix.accuracy
  }

  private func mean(_ model: String) -> Double {
    let all = sets.compactMap { accuracy(model, $0) }
    return all.reduce(0, +) / Double(all.count)
  }

  private var crossTable: Table {
    var table = Table([("model \\ test set", .left)] + sets.map { ($0, .right) } + [("average", .right)])
    for model in models {
      table.add([model] + sets.map { percent(accuracy(model, $0)) } + [percent(mean(model))])
    }
    return table
  }

  // MARK: - Files

  /// Writes the results as what the file's name asks for.
  func write(to path: String) throws {
    switch OutputKind(path: path) {
    case .json: try OutputFile.write(json(), to: path)
    case .csv: try OutputFile.write(csv, to: path)
    case .md: try OutputFile.write(markdown, to: path)
    case .svg, .png:
      try OutputFile.draw(to: path) { format, temporary throws(PictureError) in try chart.write(format, to: temporary) }
    case nil: throw Diagnostic("'\(path)' ends in nothing that results are written as")
    }
  }

  private func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(Contents(results: entries.map(\.result))), as: UTF8.self) + "\n"
  }

  private var csv: String {
    var text = "model,data,true,images,precision,recall,auc,predicted,count,share\n"
    for entry in entries {
      for (label, result) in entry.result.classes.enumerated() {
        for (predicted, name) in entry.evaluation.classes.enumerated() {
          let matrix = entry.evaluation.matrix, share = matrix.share(label: label, predicted: predicted)
          let numbers = [result.precision, result.recall, result.area].map { $0.map { "\($0)" } ?? "" }
          text += OutputFile.csvLine(
            [entry.model, entry.data, result.name, "\(result.images)"] + numbers + [
              name, "\(matrix.counts[label][predicted])", share.map { "\($0)" } ?? "",
            ])
        }
      }
    }
    return text
  }

  private var markdown: String {
    var parts = entries.map { "**\(headline($0))**\n\n\(confusion($0).markdown)" }
    if entries.count > 1 { parts.append(crossTable.markdown) }
    return parts.joined(separator: "\n")
  }

  private var chart: MatrixChart {
    guard entries.count == 1, let entry = entries.first else {
      var chart = MatrixChart(
        rows: models, columns: sets + ["average"],
        cells: models.map { model in
          (sets.map { accuracy(model, $0) } + [mean(model)]).map { ($0, percent($0)) }
        })
      (chart.title, chart.rowsName, chart.columnsName) = ("Accuracy", "model", "test set")
      return chart
    }
    let names = entry.evaluation.classes, matrix = entry.evaluation.matrix
    var chart = MatrixChart(
      rows: names, columns: names,
      cells: names.indices.map { label in
        names.indices.map { predicted in
          let share = matrix.share(label: label, predicted: predicted)
          return (share, shown(share))
        }
      })
    (chart.title, chart.rowsName, chart.columnsName) = (headline(entry), "true class", "predicted class")
    return chart
  }

  /// Draws the curve of each class against the others; of two classes, that of the second.
  func writeCurves(to path: String) throws {
    var series: [CurveChart.Series] = []
    for entry in entries {
      let names = entry.evaluation.classes
      for label in names.count == 2 ? [1] : Array(names.indices) {
        guard let curve = entry.evaluation.curve(of: label) else { continue }
        let name = (entries.count > 1 ? entry.title + ": " : "") + names[label]
        series.append(
          CurveChart.Series(
            name: "\(name), AUC \(decimal(curve.area, digits: 4))",
            points: curve.thinned(to: 2001).map { ($0.falsePositives, $0.truePositives) }))
      }
    }
    guard !series.isEmpty else {
      throw Diagnostic("there is no ROC curve to draw: the images are all of one class")
    }
    var chart = CurveChart(series)
    (chart.title, chart.xName, chart.yName) = ("ROC", "false positive rate", "true positive rate")
    (chart.xRange, chart.yRange, chart.showsDiagonal) = (0...1, 0...1, true)
    try OutputFile.draw(to: path) { [chart] format, temporary throws(PictureError) in
      try chart.write(format, to: temporary)
    }
  }

  /// Writes one line for each image.
  func writePredictions(to path: String) throws {
    let names = entries.first?.evaluation.classes ?? []
    var text = OutputFile.csvLine(["model", "data", "key", "true", "predicted"] + names.map { "score \($0)" })
    for entry in entries {
      for image in entry.evaluation.predictions {
        text += OutputFile.csvLine(
          [entry.model, entry.data, image.key, names[image.label], names[image.predicted]]
            + image.scores.map { "\($0)" })
      }
    }
    try OutputFile.write(text, to: path)
  }
}

extension [String] {
  /// Each text once, in the order of first occurrence.
  var uniqued: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
