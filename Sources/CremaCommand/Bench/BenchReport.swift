import Foundation

/// What the machine can do at most.
struct MachineFigures: Encodable {
  let threads: Int
  let instructions: String
  let blas: String
  /// Floating-point operations a second.
  let peak: Double
  /// Bytes a second, read and written.
  let bandwidth: Double
}

/// What was measured of one workload.
struct Workload: Encodable {
  let name: String
  /// One time for each repetition.
  let milliseconds: [Double]
  /// Floating-point operations of one run.
  let operations: Int
  /// Memory of the process behind no file and behind files, in bytes.
  let anonymous: Int, mapped: Int

  var fastest: Double { milliseconds.min() ?? 0 }
  var median: Double { milliseconds.sorted()[milliseconds.count / 2] }
  /// Operations a second of the fastest run.
  var rate: Double { Double(operations) / (fastest / 1000) }
}

/// The table of a bench run.
struct BenchReport: Encodable {
  let machine: MachineFigures
  let workloads: [Workload]

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }

  var text: String {
    let widest = workloads.map(\.name.count).max() ?? 0
    var lines = [
      "\(machine.threads) threads, \(machine.instructions) kernels, OpenBLAS \(machine.blas); "
        + "peak \(whole(machine.peak / 1e9)) GFLOP/s, memory \(whole(machine.bandwidth / 1e9)) GB/s", "",
      "workload".padded(to: widest) + "  fastest ms   median  GFLOP/s  of peak  anonymous MB  mapped MB",
    ]
    for work in workloads {
      lines.append(
        work.name.padded(to: widest) + tenths(work.fastest).padded(leftTo: 12) + tenths(work.median).padded(leftTo: 9)
          + whole(work.rate / 1e9).padded(leftTo: 9) + "\(whole(100 * work.rate / machine.peak)) %".padded(leftTo: 9)
          + String(work.anonymous >> 20).padded(leftTo: 14) + String(work.mapped >> 20).padded(leftTo: 11))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func whole(_ value: Double) -> String { String(Int(value.rounded())) }

  private func tenths(_ value: Double) -> String {
    let rounded = Int((value * 100).rounded())
    return "\(rounded / 100)." + (rounded % 100 < 10 ? "0" : "") + String(rounded % 100)
  }
}
