import Foundation
import Prototxt

/// The numbers in the log of a training run: Caffe's of all ages, and Crema's.
struct TrainingLog {
  /// How a number went.
  struct Series {
    /// `training loss` (the smoothed one), `train NAME`, `test NAME` or `learning rate`.
    let name: String
    /// Values by iteration, in order.
    var points: [(iteration: Int, value: Double)] = []
  }

  /// The file.
  let path: String
  /// All numbers, in the order in which they first appear.
  private(set) var series: [Series] = []
  private var iteration = 0
  private var testNet = 0

  /// Reads a log. Lines that say nothing of training are passed over; where a run was resumed, the later numbers count.
  ///
  /// - Throws: a file that cannot be read or has no line of training.
  init(contentsOf path: String) throws(Diagnostic) {
    self.path = path
    let text = String(decoding: try SourceText(contentsOf: path).bytes, as: UTF8.self)
    for line in text.split(whereSeparator: \.isNewline) { read(line) }
    guard !series.isEmpty else {
      throw Diagnostic(
        "'\(path)' is no log of training: it has no line such as 'Iteration 100, loss = 0.5' or 'Test net output #0: accuracy = 0.9'"
      )
    }
  }

  private mutating func read(_ line: Substring) {
    let message = (line.range(of: "] ").map { line[$0.upperBound...] } ?? line).drop { $0 == " " }
    if message.hasPrefix("Iteration "), let number = Int(message.dropFirst(10).prefix { $0.isNumber }) {
      if number < iteration { forget(from: number) }
      iteration = number
      if let net = message.range(of: ", Testing net (#") {
        testNet = Int(message[net.upperBound...].prefix { $0.isNumber }) ?? 0
      }
      add("training loss", message, behind: ", loss = ")
      add("learning rate", message, behind: ", lr = ")
    } else if message.hasPrefix("Test net output #"), let name = outputName(message) {
      add(testNet == 0 ? "test \(name)" : "test #\(testNet) \(name)", message, behind: "\(name) = ")
    } else if message.hasPrefix("Train net output #"), let name = outputName(message) {
      add("train \(name)", message, behind: "\(name) = ")
    }
  }

  /// Drops what a resumed run does anew.
  private mutating func forget(from first: Int) {
    for index in series.indices { series[index].points.removeAll { $0.iteration >= first } }
  }

  /// `accuracy` of `Test net output #0: accuracy = 0.9`.
  private func outputName(_ message: Substring) -> Substring? {
    guard let colon = message.range(of: ": "),
      let sign = message.range(of: " = ", range: colon.upperBound..<message.endIndex)
    else { return nil }
    return message[colon.upperBound..<sign.lowerBound]
  }

  /// Adds the number behind a text, if it is there. Of a blob with several values the first one counts.
  private mutating func add(_ name: String, _ message: Substring, behind text: String) {
    guard let start = message.range(of: text)?.upperBound,
      let value = Double(message[start...].prefix { !$0.isWhitespace && $0 != "," })
    else { return }
    let index = series.firstIndex { $0.name == name } ?? series.count
    if index == series.count { series.append(Series(name: name)) }
    if series[index].points.last?.iteration != iteration { series[index].points.append((iteration, value)) }
  }
}
