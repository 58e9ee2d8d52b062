import Prototxt

/// Diagnostics in colour: severity, message and caret stand out.
package enum Style {
  /// The diagnostic as it is printed, ended by a line break.
  package static func text(_ diagnostic: Diagnostic, colours: Bool) -> String {
    guard colours else { return "\(diagnostic)\n" }
    var alone = diagnostic
    alone.notes = []
    var lines = alone.description.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let place = diagnostic.location.map { "\($0): " } ?? ""
    let word = "\(diagnostic.severity.rawValue): "
    lines[0] =
      bold + place + colour(of: diagnostic.severity) + word + plain + bold
      + lines[0].dropFirst(place.count + word.count)
      + plain
    if lines.count > 1 { lines[lines.count - 1] = green + lines[lines.count - 1] + plain }
    return lines.joined(separator: "\n") + "\n" + diagnostic.notes.map { text($0, colours: true) }.joined()
  }

  private static let bold = "\u{1B}[1m"
  private static let green = "\u{1B}[1;32m"
  private static let plain = "\u{1B}[0m"

  private static func colour(of severity: Diagnostic.Severity) -> String {
    switch severity {
    case .error: "\u{1B}[1;31m"
    case .warning: "\u{1B}[1;35m"
    case .note: "\u{1B}[1;36m"
    }
  }
}
