import Crema
import Foundation
import Prototxt

/// The loss of each update of a run, which is kept in a file beside the run's snapshots.
final class LossRecord {
  /// The losses by update, in order; updates count from 1. Runs of older programs lack those before they were resumed.
  private(set) var points: [(update: Int, loss: Float)] = []

  /// The losses in a file.
  ///
  /// - Parameter most: the last update that counts.
  init(contentsOf path: String, through most: Int = .max) {
    guard let data = FileManager.default.contents(atPath: path) else { return }
    for line in String(decoding: data, as: UTF8.self).split(separator: "\n").dropFirst() {
      let words = line.split(separator: ",")
      guard words.count == 2, let update = Int(words[0]), let loss = Float(words[1]), update <= most else { continue }
      points.append((update, loss))
    }
  }

  /// The update whose loss was no finite number.
  var divergence: Int? { points.last.flatMap { $0.loss.isFinite ? nil : $0.update } }

  /// Adds the loss of the next update.
  func add(_ update: Int, _ loss: Float) { points.append((update, loss)) }

  /// Writes the file.
  func write(to path: String) throws {
    let lines = points.map { "\($0.update),\($0.loss)\n" }
    try OutputFile.write("update,loss\n" + lines.joined(), to: path)
  }
}
