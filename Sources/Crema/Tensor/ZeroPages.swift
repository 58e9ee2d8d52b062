import Glibc

/// Zeros from the system: memory that nobody touches costs nothing. Large pieces lie on large pages, because kernels walk over many
/// planes at a time, and with small pages most of their reads begin with a search for the page.
@safe final class ZeroPages {
  /// The first byte, the start of a cache line.
  let start: UnsafeMutableRawPointer
  private let block: UnsafeMutableRawPointer
  private let mapped: Int
  private static let largePage = 2 << 20

  /// Traps if the system has no memory.
  init(bytes: Int) {
    if bytes >= 2 * Self.largePage, let block = unsafe Self.map(bytes + Self.largePage) {
      unsafe self.block = block
      mapped = bytes + Self.largePage
      unsafe start = block.alignedUp(toMultipleOf: Self.largePage)
      unsafe madvise(start, bytes, MADV_HUGEPAGE)
      return
    }
    guard let block = unsafe calloc(bytes + 64, 1) else {
      preconditionFailure("the system has no memory for \(bytes) bytes")
    }
    unsafe self.block = block
    mapped = 0
    unsafe start = block.alignedUp(toMultipleOf: 64)
  }

  deinit {
    if mapped > 0 { unsafe munmap(block, mapped) } else { unsafe free(block) }
  }

  /// Whether the system would give so many bytes in one piece, as far as it tells before they are used.
  static func areAvailable(bytes: Int) -> Bool {
    guard let block = unsafe map(bytes) else { return false }
    unsafe munmap(block, bytes)
    return true
  }

  /// Whether the process has addresses for so many bytes.
  static func haveAddresses(bytes: Int) -> Bool {
    let block = unsafe mmap(nil, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard unsafe block != MAP_FAILED, let block = unsafe block else { return false }
    unsafe munmap(block, bytes)
    return true
  }

  private static func map(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let block = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    return unsafe block == MAP_FAILED ? nil : block
  }
}
