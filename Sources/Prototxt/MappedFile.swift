import Glibc

/// A file mapped into memory, read only.
///
/// The bytes are the file's own pages: nothing is copied, and what is not looked at is not read. Nobody may shorten
/// the file while it is mapped.
@safe
public final class MappedFile: Sendable {
  /// The path as given.
  public let path: String

  /// The number of bytes.
  public let count: Int

  nonisolated(unsafe) private let address: UnsafeMutableRawPointer?

  /// Maps the file at `path`; an empty file is mapped as no bytes.
  ///
  /// - Throws: a diagnostic with the path and the system's reason if it is missing, unreadable or no regular file.
  public init(_ path: String) throws(Diagnostic) {
    let handle = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard handle >= 0 else { throw MappedFile.failure("open", path) }
    defer { _ = close(handle) }
    var status = stat()
    guard unsafe fstat(handle, &status) == 0 else { throw MappedFile.failure("read", path) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw Diagnostic("cannot read '\(path)': it is a folder, not a file")
    default: throw Diagnostic("cannot read '\(path)': it is not a regular file")
    }
    self.path = path
    count = Int(status.st_size)
    guard count > 0 else {
      unsafe address = nil
      return
    }
    guard let memory = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, handle, 0), unsafe memory != MAP_FAILED else {
      throw MappedFile.failure("map", path)
    }
    unsafe address = memory
  }

  deinit {
    if let address = unsafe address { _ = unsafe munmap(address, count) }
  }

  /// Lends all bytes to `body`.
  public func withBytes<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let bytes = unsafe UnsafeBufferPointer(
      start: address.map { unsafe UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) }, count: count)
    return try body(unsafe bytes.span)
  }

  private static func failure(_ verb: String, _ path: String) -> Diagnostic {
    Diagnostic("cannot \(verb) '\(path)': \(unsafe String(cString: strerror(errno)))")
  }
}
