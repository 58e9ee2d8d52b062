import Glibc
import Prototxt

/// A file that is written from its start to its end, without ever being in memory as a whole.
@safe
final class FileStream {
  private let path: String
  private var handle: CInt
  private let behind: WriteBehind
  private var buffer: [UInt8] = []
  private static let capacity = 1 << 16

  /// Creates the file, or empties it.
  ///
  /// - Parameter name: what errors call the file.
  init(_ path: String, name: String) throws(Diagnostic) {
    self.path = name
    handle = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    behind = WriteBehind(path)
    guard handle >= 0 else { throw Diagnostic("cannot write '\(name)': \(reason())") }
    buffer.reserveCapacity(Self.capacity)
  }

  deinit { if handle >= 0 { close(handle) } }

  /// Adds bytes.
  func write(_ bytes: [UInt8]) throws(Diagnostic) {
    if buffer.count + bytes.count > Self.capacity { try flush() }
    guard bytes.count < Self.capacity else {
      try unsafe bytes.span.withUnsafeBytes { contents throws(Diagnostic) in try unsafe put(contents) }
      return
    }
    buffer += bytes
  }

  /// Adds bytes from where they are.
  func write(_ bytes: RawSpan) throws(Diagnostic) {
    try flush()
    try unsafe bytes.withUnsafeBytes { contents throws(Diagnostic) in try unsafe put(contents) }
  }

  /// Brings all bytes to the system and ends the writing.
  func finish() throws(Diagnostic) {
    try flush()
    let closing = handle
    handle = -1
    guard close(closing) == 0 else { throw failure() }
  }

  private func flush() throws(Diagnostic) {
    guard !buffer.isEmpty else { return }
    let bytes = buffer
    try unsafe bytes.span.withUnsafeBytes { contents throws(Diagnostic) in try unsafe put(contents) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func put(_ contents: UnsafeRawBufferPointer) throws(Diagnostic) {
    var rest = unsafe contents[...]
    while unsafe !rest.isEmpty {
      let part = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 22))
      unsafe behind.willWrite(RawSpan(_unsafeBytes: part))
      let count = unsafe Glibc.write(handle, part.baseAddress, part.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure() }
      unsafe rest = rest.dropFirst(count)
    }
  }

  private func failure() -> Diagnostic {
    Diagnostic("cannot write '\(path)': \(reason()); free some space on the disk")
  }
}

/// Writes a text; a file that was at `path` is replaced when the new one is complete.
///
/// - Throws: why the file cannot be written. A file that was there is then as it was.
package func writeText(_ text: String, to path: String) throws(Diagnostic) {
  try replaceFile(at: path) { temporary throws(Diagnostic) in
    let stream = try FileStream(temporary, name: path)
    try stream.write(Array(text.utf8))
    try stream.finish()
  }
}
