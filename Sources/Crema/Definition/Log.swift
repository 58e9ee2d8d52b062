/// Takes the lines that Caffe would log, with the place in Caffe's source that logs them: scripts parse both.
public struct Log: Sendable {
  /// One message.
  public struct Entry: Sendable {
    /// How serious it is.
    public let severity: Severity
    /// Caffe's source file, such as `solver.cpp`.
    public let file: String
    /// The line in that file.
    public let line: Int
    /// The text, without a prefix; it may hold several lines.
    public let message: String
  }

  /// glog's severities, by the letter that starts a line.
  public enum Severity: String, Sendable {
    /// Progress.
    case info = "I"
    /// Something to look at.
    case warning = "W"
    /// An error that does not end the run.
    case error = "E"
  }

  /// Nil drops everything, unseen.
  private let write: (@Sendable (Entry) -> Void)?

  /// A log that hands each entry to `write`, which may be called from several threads.
  public init(_ write: @escaping @Sendable (Entry) -> Void) { self.write = write }

  /// A log that drops everything.
  public static let silent = Log()

  private init() { write = nil }

  /// Adds a message of severity `info`.
  public func info(_ file: String, _ line: Int, _ message: @autoclosure () -> String) {
    write?(Entry(severity: .info, file: file, line: line, message: message()))
  }

  /// Adds a message of another severity.
  public func add(_ severity: Severity, _ file: String, _ line: Int, _ message: @autoclosure () -> String) {
    write?(Entry(severity: severity, file: file, line: line, message: message()))
  }
}

/// A number as C++ streams print it by default: six significant digits, `1e-05`, `inf`, `-nan`.
package func logNumber(_ value: Double) -> String {
  if value.isNaN { return value.sign == .minus ? "-nan" : "nan" }
  if value.isInfinite { return value < 0 ? "-inf" : "inf" }
  if value == 0 { return value.sign == .minus ? "-0" : "0" }
  return significant(value, digits: 6)
}

/// A number as C++ streams print it by default.
package func logNumber(_ value: Float) -> String { logNumber(Double(value)) }
