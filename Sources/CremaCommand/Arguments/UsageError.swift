/// A command line that cannot be understood; the process ends with code 64.
package struct UsageError: Error, Equatable {
  /// What was found and what was wanted, as one line.
  package let message: String
  /// A known word near the one that was found.
  package let suggestion: String?
  /// Shown below the message.
  package let details: String

  /// An error with these words.
  package init(_ message: String, suggestion: String? = nil, details: String = "") {
    (self.message, self.suggestion, self.details) = (message, suggestion, details)
  }
}
