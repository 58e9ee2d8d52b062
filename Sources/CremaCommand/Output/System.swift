import Glibc

/// What this process asks the operating system, with the C calls kept in one place.
enum System {
  /// Whether a file descriptor is a terminal.
  static func isTerminal(_ descriptor: CInt) -> Bool { isatty(descriptor) == 1 }

  /// The number of columns of a terminal; 80 if it does not say.
  static func terminalWidth(_ descriptor: CInt) -> Int {
    var size = winsize()
    let answer = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size)
    return answer == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// Writes all bytes, or gives up: nobody reads a broken pipe, and a full disk must not end a training run.
  ///
  /// - Returns: whether all was written.
  @discardableResult
  static func write(_ text: String, to descriptor: CInt) -> Bool {
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let written = unsafe bytes[start...].withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { return false }
      start += written
    }
    return true
  }

  /// Opens a file, makes it if it is missing, and locks it for this process.
  ///
  /// - Returns: a file descriptor, or -1 if it cannot be opened or another process holds it.
  static func openLocked(_ path: String) -> CInt {
    let descriptor = unsafe open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return descriptor }
    _ = Glibc.close(descriptor)
    return -1
  }

  /// Closes a file descriptor, and so unlocks its file.
  static func close(_ descriptor: CInt) { _ = Glibc.close(descriptor) }

  /// A write to a pipe that nobody reads, or beyond the size that files may have, fails instead of ending the process.
  static func ignoreWriteSignals() {
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
  }

  /// The number of this process.
  static var process: Int { Int(getpid()) }

  /// The kernel's number of the calling thread.
  static var thread: Int {
    link("/proc/thread-self").flatMap { $0.split(separator: "/").last }.flatMap { Int($0) } ?? process
  }

  /// The name of this machine.
  static var host: String {
    var name = [CChar](repeating: 0, count: 256)
    return unsafe gethostname(&name, name.count - 1) == 0 ? text(name) : "localhost"
  }

  /// The user's name, as the environment gives it, or else the number.
  static var user: String { environment("USER") ?? environment("LOGNAME") ?? String(getuid()) }

  /// A variable of the environment; nil if it is unset or empty.
  static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// Whether the last write failed for another reason than a pipe that nobody reads any further.
  static var lastWriteHadReader: Bool { errno != EPIPE }

  /// The last error of a system call, in words.
  static var lastError: String { unsafe String(cString: strerror(errno)) }

  /// Creates a file for appending; nil if that fails, and `lastError` then says why.
  static func create(_ path: String) -> CInt? {
    let descriptor = unsafe path.withCString { unsafe open($0, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o664) }
    return descriptor >= 0 ? descriptor : nil
  }

  /// Lets a symbolic link lead to `target`, whatever it led to before.
  static func replaceLink(_ path: String, to target: String) {
    unsafe path.withCString { _ = unsafe unlink($0) }
    unsafe path.withCString { path in unsafe target.withCString { target in _ = unsafe symlink(target, path) } }
  }

  private static func link(_ path: String) -> String? {
    var target = [CChar](repeating: 0, count: 256)
    let count = unsafe path.withCString { unsafe readlink($0, &target, target.count - 1) }
    return count > 0 ? text(target) : nil
  }

  private static func text(_ bytes: [CChar]) -> String {
    String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
