/// Something wrong with a model, said to the person who wrote it.
public struct Diagnostic: Error, Sendable, Equatable, CustomStringConvertible {
  /// How much a diagnostic matters.
  public enum Severity: String, Sendable {
    /// The work cannot go on.
    case error
    /// The work goes on, but the result may not be what was meant.
    case warning
    /// Belongs to another diagnostic and explains it.
    case note
  }

  /// How much it matters.
  public var severity: Severity

  /// What was found, what was wanted, what to do; one line, no full stop.
  public var message: String

  /// The place it is about.
  public var location: SourceLocation?

  /// Further places and facts, shown below.
  public var notes: [Diagnostic]

  /// A known name near the one that was found, shown as "; did you mean 'ReLU'?".
  public var suggestion: String?

  /// A message about a place, or about no place in particular.
  public init(
    _ message: String, at location: SourceLocation? = nil, severity: Severity = .error, notes: [Diagnostic] = [],
    suggestion: String? = nil
  ) {
    self.severity = severity
    self.message = message
    self.location = location
    self.notes = notes
    self.suggestion = suggestion
  }

  /// `file:line:column: error: message`, the source line, a caret below the place, then the notes in the same form.
  public var description: String {
    var text = location.map { "\($0): " } ?? ""
    text += "\(severity.rawValue): \(message)"
    if let suggestion { text += "; did you mean '\(suggestion)'?" }
    if let excerpt = location?.excerpt { text += "\n\(excerpt.line)\n\(excerpt.caret)" }
    for note in notes { text += "\n\(note)" }
    return text
  }

  /// The same diagnostic with one more note.
  public func noting(_ message: String, at location: SourceLocation? = nil) -> Diagnostic {
    var copy = self
    copy.notes.append(Diagnostic(message, at: location, severity: .note))
    return copy
  }
}

/// Several diagnostics at once, at least one of them an error.
public struct DiagnosticList: Error, Sendable, Equatable, CustomStringConvertible {
  /// The diagnostics in the order in which they were found.
  public let diagnostics: [Diagnostic]

  /// Wraps diagnostics, of which there must be at least one.
  public init(_ diagnostics: [Diagnostic]) {
    precondition(!diagnostics.isEmpty, "an empty list of diagnostics is no error")
    self.diagnostics = diagnostics
  }

  /// The first diagnostic.
  public var first: Diagnostic { diagnostics[0] }

  /// All diagnostics, one below the other.
  public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
