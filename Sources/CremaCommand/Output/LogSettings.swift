/// Where glog's lines go, as its environment variables (`GLOG_log_dir`) or flags (`--log_dir`) say.
package struct LogSettings: Sendable, Equatable {
  /// The folder of the log file; no file without one.
  package var folder: String?
  /// Lines below this severity go nowhere: 0 for information, 1 for warnings, 2 for errors.
  package var fewest = 0
  /// No file, even if there is a folder.
  package var onlyTerminal = false
  /// All lines go to stderr; else only errors do.
  package var alsoTerminal = true

  /// The settings that `value` gives for glog's names, such as `log_dir`.
  package init(_ value: (String) -> String?) {
    folder = value("log_dir")
    fewest = value("minloglevel").flatMap { Int($0) } ?? 0
    onlyTerminal = value("logtostderr").map(Self.isTrue) ?? false
    alsoTerminal = value("alsologtostderr").map(Self.isTrue) ?? true
  }

  private static func isTrue(_ text: String) -> Bool {
    guard let first = text.lowercased().first else { return false }
    return "1ty".contains(first)
  }
}
