import Crema

/// The form of a line of Caffe's log: `I1123 16:42:42.038776  4321 solver.cpp:239] message`.
package enum GlogLine {
  /// The line, ended by a line break. Only the first line of a long message has the prefix.
  package static func text(_ entry: Log.Entry, at time: LocalTime, thread: Int) -> String {
    text(entry.severity.rawValue, entry.file, entry.line, entry.message, at: time, thread: thread)
  }

  static func text(
    _ severity: String, _ file: String, _ line: Int, _ message: String, at time: LocalTime, thread: Int
  ) -> String {
    let number = String(thread)
    let column = String(repeating: " ", count: max(0, 5 - number.count)) + number
    let end = message.hasSuffix("\n") ? "" : "\n"
    return "\(severity)\(time.monthAndDay) \(time.preciseClock) \(column) \(file):\(line)] \(message)\(end)"
  }
}

extension Log.Severity {
  /// glog's number.
  var rank: Int {
    switch self {
    case .info: 0
    case .warning: 1
    case .error: 2
    }
  }
}
