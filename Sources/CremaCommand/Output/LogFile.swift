import Prototxt

/// glog's file: `<folder>/<program>.<host>.<user>.log.INFO.<time>.<process>`, with a link `<program>.INFO` to the last one.
struct LogFile: Sendable {
  private let descriptor: CInt

  /// Creates the file.
  ///
  /// - Throws: a warning that says why it cannot be created.
  init(in folder: String, program: String) throws(Diagnostic) {
    let time = LocalTime.now, host = System.host
    let name = "\(program).\(host).\(System.user).log.INFO.\(time.stamp).\(System.process)"
    guard let descriptor = System.create("\(folder)/\(name)") else {
      throw Diagnostic(
        "cannot write a log file into '\(folder)' (\(System.lastError)); the log goes to stderr only. "
          + "Let GLOG_log_dir name a folder that exists and is writable",
        severity: .warning)
    }
    self.descriptor = descriptor
    System.replaceLink("\(folder)/\(program).INFO", to: name)
    write(
      "Log file created at: \(time.dateAndClock)\nRunning on machine: \(host)\n"
        + "Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg\n")
  }

  /// Adds text; a full disk loses it.
  func write(_ text: String) { System.write(text, to: descriptor) }
}
