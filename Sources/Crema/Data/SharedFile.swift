import Prototxt
import Synchronization

/// What a file says, read once and shared by all nets that a layer is part of.
final class SharedFile<Content: Sendable>: Sendable {
  private let held = Mutex<(path: String, content: Content)?>(nil)

  /// What the file at `path` says: what `read` gives, unless it has been read before.
  func content(of path: String, _ read: () throws(Diagnostic) -> Content) throws(Diagnostic) -> Content {
    if let known = held.withLock({ $0 }), known.path == path { return known.content }
    let content = try read()
    held.withLock { $0 = (path, content) }
    return content
  }
}
