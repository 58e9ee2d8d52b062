import Charts
import Prototxt

/// How the losses of an experiment's runs went: a line for each network and each dataset that it was trained on.
struct ExperimentCurves {
  private struct Line {
    let network: String
    let dataSet: String
    var runs: [[(update: Int, loss: Float)]]
  }

  private static let points = 80
  private var lines: [Line] = []

  /// Adds the losses of a run; those of the other seeds of the same network and dataset belong to the same line.
  mutating func add(_ losses: LossRecord, network: String, dataSet: String) {
    let isKnown = lines.last.map { $0.network == network && $0.dataSet == dataSet } ?? false
    if !isKnown { lines.append(Line(network: network, dataSet: dataSet, runs: [])) }
    lines[lines.count - 1].runs.append(losses.points)
  }

  /// The picture; nil if no losses are known.
  ///
  /// - Parameter title: what stands above it.
  func chart(_ title: String) -> CurveChart? {
    let hasSeveralSets = Set(lines.map(\.dataSet)).count > 1
    let means = lines.map { Self.means($0.runs) }
    let starts = means.compactMap(\.first?.y).sorted()
    guard !starts.isEmpty else { return nil }
    // One run that blows up must not flatten all others.
    let highest = 2 * starts[starts.count / 2]
    var chart = CurveChart(
      zip(lines, means).filter { !$1.isEmpty }.map { line, points in
        CurveChart.Series(
          name: line.network + (hasSeveralSets ? ", \(line.dataSet)" : ""),
          points: points.map { ($0.x, min($0.y, highest)) })
      })
    (chart.title, chart.xName, chart.yName) = (title, "update", "training loss, mean of the seeds")
    return chart
  }

  /// The mean loss of stretches of updates, over all runs that got there.
  private static func means(_ runs: [[(update: Int, loss: Float)]]) -> [(x: Double, y: Double)] {
    let last = runs.joined().map(\.update).max() ?? 0, length = max(1, (last + points - 1) / points)
    var sums = Array(repeating: (count: 0, update: 0.0, loss: 0.0), count: last / length + 1)
    for point in runs.joined() where point.loss.isFinite {
      let place = (point.update - 1) / length
      sums[place].count += 1
      sums[place].update += Double(point.update)
      sums[place].loss += Double(point.loss)
    }
    return sums.filter { $0.count > 0 }.map { ($0.update / Double($0.count), $0.loss / Double($0.count)) }
  }
}
