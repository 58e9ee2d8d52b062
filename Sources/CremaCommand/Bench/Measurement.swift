import Crema
import Foundation
import Synchronization

/// What was measured of one workload by one program.
struct Measurement: Codable {
  /// A number beside time and memory.
  struct Figure: Codable {
    let name: String
    let value: Double
    let unit: String
  }

  /// One time for each run.
  var milliseconds: [Double]
  /// Floating-point operations of one run; 0 where they do not count.
  var operations = 0
  /// The most memory behind no file, and the most behind files, in bytes.
  var anonymous: Int, mapped: Int
  var figures: [Figure] = []

  var fastest: Double { milliseconds.min() ?? 0 }
  var median: Double { milliseconds.isEmpty ? 0 : milliseconds.sorted()[milliseconds.count / 2] }
  /// Operations a second of the fastest run.
  var rate: Double { fastest > 0 ? Double(operations) / (fastest / 1000) : 0 }

  /// Adds what another process measured of the same: all times count, the most memory, and the best of each figure.
  mutating func merge(_ other: Measurement) {
    let isFaster = other.fastest < fastest
    milliseconds += other.milliseconds
    anonymous = max(anonymous, other.anonymous)
    mapped = max(mapped, other.mapped)
    if isFaster { figures = other.figures }
  }
}

/// Watches the memory of this process, about a thousand times a second.
final class MemoryWatch: Sendable {
  private let peak = Mutex((anonymous: 0, mapped: 0))
  private let watches = Atomic(false)

  /// The most that was seen.
  var most: (anonymous: Int, mapped: Int) { peak.withLock { $0 } }

  /// Runs `body` and watches meanwhile.
  func during<Result>(_ body: () throws -> Result) rethrows -> Result {
    watches.store(true, ordering: .relaxed)
    let watcher = Thread { [self] in
      while watches.load(ordering: .relaxed) {
        look()
        usleep(1000)
      }
    }
    watcher.start()
    defer {
      watches.store(false, ordering: .relaxed)
      while !watcher.isFinished { usleep(100) }
      look()
    }
    return try body()
  }

  private func look() {
    let (anonymous, mapped) = (Machine.anonymousMemory, Machine.mappedMemory)
    peak.withLock { $0 = (max($0.anonymous, anonymous), max($0.mapped, mapped)) }
  }
}
