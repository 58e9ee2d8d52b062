import Glibc

/// The bytes of a file. Throws if it cannot be read.
func fileBytes(_ path: String) throws(ImageError) -> [UInt8] {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw readError("open", path, errno) }
  defer { close(descriptor) }
  let size = Int(lseek(descriptor, 0, SEEK_END))
  guard size >= 0 else { throw readError("lseek", path, errno) }
  guard size < 1 << 40 else { throw readError("read", path, EISDIR) }
  var code: CInt = 0
  let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { memory, count in
    unsafe code = fill(UnsafeMutableRawBufferPointer(start: memory.baseAddress, count: size), from: descriptor)
    count = code == 0 ? size : 0
  }
  guard code == 0 else { throw readError("read", path, code) }
  return bytes
}

/// Fills memory with the start of a file; an `errno` if that fails, `EIO` if the file is shorter.
private func fill(_ memory: UnsafeMutableRawBufferPointer, from descriptor: CInt) -> CInt {
  var filled = 0
  while filled < memory.count {
    let count = unsafe pread(
      descriptor, memory.baseAddress?.advanced(by: filled), memory.count - filled, off_t(filled))
    guard count > 0 else { return count < 0 ? errno : EIO }
    filled += count
  }
  return 0
}

private func readError(_ call: String, _ path: String, _ code: CInt) -> ImageError {
  ImageError(
    call: call, file: path, code: code, words: unsafe String(cString: strerror(code)),
    advice: "check that the path is a file and readable")
}
