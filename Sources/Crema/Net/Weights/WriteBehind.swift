import Dispatch
import Glibc
import Synchronization

/// Lets the system bring a file to the disk while more of it is written, so that whoever synchronises it at the end waits less.
/// What is on the disk need not stay in memory.
final class WriteBehind {
  /// The bytes that are worth a call.
  private static let step = 4 << 20
  private let file: File
  private let queue = DispatchQueue(label: "crema.write-behind")
  private var pending = 0

  /// - Parameter path: a file that is being written; if it cannot be opened, nothing happens.
  init(_ path: String) { file = unsafe File(handle: open(path, O_RDONLY | O_CLOEXEC)) }

  /// These bytes are about to be given to the system. Those of a mapped file are read in one go now, instead of page by page
  /// while they are copied.
  func willWrite(_ bytes: RawSpan) {
    if pending >= Self.step, file.handle >= 0, !file.isBusy.exchange(true, ordering: .acquiring) {
      pending = 0
      queue.async { [file] in file.write() }
    }
    pending += bytes.byteCount
    guard bytes.byteCount >= 1 << 16 else { return }
    unsafe bytes.withUnsafeBytes { memory in
      guard let start = memory.baseAddress else { return }
      let page = unsafe start.alignedDown(toMultipleOf: 4096)
      _ = unsafe madvise(UnsafeMutableRawPointer(mutating: page), memory.count + (start - page), MADV_POPULATE_READ)
    }
  }

  private final class File: Sendable {
    let handle: CInt
    /// Whether a call is under way.
    let isBusy = Atomic(false)

    init(handle: CInt) { self.handle = handle }

    deinit { if handle >= 0 { close(handle) } }

    func write() {
      _ = posix_fadvise(handle, 0, 0, POSIX_FADV_DONTNEED)
      isBusy.store(false, ordering: .releasing)
    }
  }
}
