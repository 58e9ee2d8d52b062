import Crema
import Foundation

/// What a workload runs with.
struct BenchContext {
  /// Where workloads keep their files.
  let folder: String
  /// The folder of AMTENnet's definitions.
  let amtennet: String
  let workers: Workers
  let compute: ComputeOptions
  /// How long one measurement may take, about.
  let seconds: Double

  /// A path in the folder.
  func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// Writes a text file into the folder, and answers its path.
  func write(_ text: String, _ name: String) throws -> String {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    return path(name)
  }

  /// The times of `body` in milliseconds: two runs to warm up, one that tells how many fit, then at least `fewest`.
  func times(fewest: Int = 5, _ body: () throws -> Void) rethrows -> [Double] {
    try body()
    try body()
    let once = try milliseconds(body)
    let count = min(max(Int(seconds * 1000 / max(once, 0.001)), fewest), 1000)
    return try (0..<count).map { _ in try milliseconds(body) }
  }

  private func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .milliseconds(1)
  }
}

/// One row of the table.
struct BenchWorkload: Sendable {
  /// The same work in other programs: see `tools/bench-peers.py`.
  struct PeerTask: Sendable {
    let network: String
    let batch: Int
    let trains: Bool
  }

  /// The name on the command line.
  let name: String
  /// What is done, in words.
  let title: String
  var peer: PeerTask?
  /// The number of threads, if it is not that of the command line.
  var threads: Int?
  /// Whether the process is kept on one processor (by `taskset`).
  var staysOnOneProcessor = false
  /// Makes the files that `run` reads, once, in another process.
  var prepare: @Sendable (BenchContext) throws -> Void = { _ in }
  /// Measures.
  let run: @Sendable (BenchContext) throws -> Measurement
}
