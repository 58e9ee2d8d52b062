import Crema
import Foundation

/// What the machine can do at most, and what runs on it.
struct BenchMachine: Encodable {
  let date: String
  let processor: String
  let threads: Int
  let instructions: String
  let blas: String
  let engine: String
  /// Floating-point operations a second, all threads together.
  var peak: Double
  /// Bytes a second, read and written.
  var bandwidth: Double
  /// The versions of the peers, by their names.
  var peers: [String: String] = [:]

  /// Measures the machine.
  init(_ workers: Workers, engine: EngineChoice) {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "yyyy-MM-dd"
    date = format.string(from: Date())
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
    let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
    processor = name.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"
    threads = workers.count
    (instructions, blas) = (Machine.instructionSet, Machine.blasKernels)
    self.engine = engine.rawValue
    (peak, bandwidth) = (Machine.peak(on: workers), Machine.bandwidth(on: workers))
  }

  /// Measures again, and keeps what is better.
  mutating func repeatMeasurement(_ workers: Workers) {
    peak = max(peak, Machine.peak(on: workers))
    bandwidth = max(bandwidth, Machine.bandwidth(on: workers))
  }
}

/// What was measured of one workload by all programs.
struct BenchRow: Encodable {
  let name: String
  let title: String
  let threads: Int
  /// Nil if it failed.
  var crema: Measurement?
  var peers: [String: Measurement] = [:]

  /// The peer that is fastest.
  var best: (name: String, measurement: Measurement)? {
    peers.min { ($0.value.fastest, $0.key) < ($1.value.fastest, $1.key) }.map { ($0.key, $0.value) }
  }

  /// How many times faster than the fastest peer Crema is.
  var ratio: Double? {
    guard let crema, let best, crema.fastest > 0 else { return nil }
    return best.measurement.fastest / crema.fastest
  }

  mutating func add(_ measurement: Measurement) {
    if crema == nil { crema = measurement } else { crema?.merge(measurement) }
  }

  mutating func add(_ measurement: Measurement, of peer: String) {
    if peers[peer] == nil { peers[peer] = measurement } else { peers[peer]?.merge(measurement) }
  }

  private enum Key: String, CodingKey {
    case name, title, threads, crema, peers, best, ratio, minimum, median
  }

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(name, forKey: .name)
    try values.encode(title, forKey: .title)
    try values.encode(threads, forKey: .threads)
    try values.encode(crema, forKey: .crema)
    try values.encode(crema?.fastest, forKey: .minimum)
    try values.encode(crema?.median, forKey: .median)
    if !peers.isEmpty { try values.encode(peers, forKey: .peers) }
    try values.encodeIfPresent(best?.name, forKey: .best)
    try values.encodeIfPresent(ratio, forKey: .ratio)
  }
}
