import Crema
import Synchronization

/// Keeps what is logged: each entry as `I net.cpp:746 text`.
package final class LogCollector: Sendable {
  private let entries = Mutex<[String]>([])

  package init() {}

  /// The log that writes here.
  package var log: Log {
    Log { entry in
      self.entries.withLock { $0.append("\(entry.severity.rawValue) \(entry.file):\(entry.line) \(entry.message)") }
    }
  }

  /// All entries so far.
  package var lines: [String] { entries.withLock { $0 } }
}
