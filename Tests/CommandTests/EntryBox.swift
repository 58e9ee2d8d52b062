import Crema
import Synchronization

/// Collects the entries of a log.
final class EntryBox: Sendable {
  private let entries = Mutex<[Log.Entry]>([])
  var all: [Log.Entry] { entries.withLock { $0 } }
  func add(_ entry: Log.Entry) { entries.withLock { $0.append(entry) } }
}
