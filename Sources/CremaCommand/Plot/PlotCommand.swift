import ArgumentParser
import Charts
import Crema
import Foundation
import Prototxt

/// Draws the curves of training logs.
struct PlotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot", abstract: "Draw loss and accuracy from the logs of training runs.",
    discussion: """
      Takes the logs of Caffe (of all ages) and of Crema. Losses are drawn in one chart, other outputs of test nets in a second \
      one below. With several logs, lines carry their names.
      """)

  @Argument(help: "Logs of training runs.")
  var logs: [String]

  @Option(
    help: ArgumentHelp(
      "Draw these numbers only, separated by commas: 'training loss', 'learning rate', 'test accuracy', 'train loss' and the like.",
      valueName: "names"))
  var show: String?

  @Option(help: ArgumentHelp("The picture (.png or .svg), or the numbers (.csv).", valueName: "file"))
  var output = "training.png"

  mutating func validate() throws {
    if PictureFormat(path: output) == nil, OutputKind(path: output) != .csv {
      throw ValidationError("--output takes a file that ends in .png, .svg or .csv; not '\(output)'")
    }
  }

  /// A number of a log, under the name that it has in pictures and tables.
  private struct Line {
    let log: String
    let series: TrainingLog.Series
    let name: String
  }

  func run() throws {
    try checkReplaceable(output)
    let lines = try lines()
    if OutputKind(path: output) == .csv {
      try OutputFile.write(csv(lines), to: output)
    } else {
      let charts = charts(lines)
      try OutputFile.draw(to: output) { format, path throws(PictureError) in
        try CurveChart.write(charts, format, to: path)
      }
    }
    Console.standard.show(table(lines) + "\n\(output): \(lines.count) curves\n")
  }

  /// What is drawn of all logs.
  private func lines() throws -> [Line] {
    let names = try NamedPath.all(logs),
      wanted = show?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    var lines: [Line] = [], known: [String] = []
    for name in names {
      let log = try TrainingLog(contentsOf: name.path)
      known += log.series.map(\.name)
      for series in log.series where wanted?.contains(series.name) ?? isShown(series.name) {
        lines.append(
          Line(log: name.name, series: series, name: names.count == 1 ? series.name : "\(name.name): \(series.name)"))
      }
    }
    if let missing = wanted?.first(where: { !known.contains($0) }) {
      throw Diagnostic(
        "no log has '\(missing)'; there are \(known.uniqued.map { "'\($0)'" }.joined(separator: ", "))",
        suggestion: missing.nearest(in: known))
    }
    guard !lines.isEmpty else {
      throw Diagnostic("nothing to draw: the logs have \(known.uniqued.joined(separator: ", ")); choose with --show")
    }
    return lines
  }

  private func isShown(_ name: String) -> Bool { name == "training loss" || name.hasPrefix("test ") }

  private func isLoss(_ line: Line) -> Bool { line.series.name.lowercased().contains("loss") }

  private func charts(_ lines: [Line]) -> [CurveChart] {
    let parts = [("loss", lines.filter(isLoss)), ("value", lines.filter { !isLoss($0) })].filter { !$1.isEmpty }
    return parts.enumerated().map { index, part in
      var chart = CurveChart(
        part.1.map { line in
          CurveChart.Series(
            name: line.name, points: line.series.points.map { (x: Double($0.iteration), y: $0.value) })
        })
      if index == 0 { chart.title = logs.count == 1 ? logs[0] : "\(logs.count) training runs" }
      (chart.xName, chart.yName) = ("iteration", part.0)
      return chart
    }
  }

  private func csv(_ lines: [Line]) -> String {
    var text = OutputFile.csvLine(["log", "iteration", "name", "value"])
    for line in lines {
      for point in line.series.points {
        text += OutputFile.csvLine([line.log, "\(point.iteration)", line.series.name, "\(point.value)"])
      }
    }
    return text
  }

  /// The last, lowest and highest value of each curve.
  private func table(_ lines: [Line]) -> String {
    var table = Table([
      ("curve", .left), ("points", .right), ("last", .right), ("at", .right), ("lowest", .right), ("at", .right),
      ("highest", .right), ("at", .right),
    ])
    func cells(_ point: (iteration: Int, value: Double)?) -> [String] {
      [point.map { "\(Float($0.value))" } ?? "-", point.map { "\($0.iteration)" } ?? "-"]
    }
    for line in lines {
      let points = line.series.points, finite = points.filter { $0.value.isFinite }
      table.add(
        [line.name, points.count.grouped] + cells(points.last) + cells(finite.min { $0.value < $1.value })
          + cells(finite.max { $0.value < $1.value }))
    }
    return table.text
  }
}
