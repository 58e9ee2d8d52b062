import Prototxt

extension ParseResult {
  /// Judges the fields that Caffe does not have.
  public func judge(permissive: Bool) throws(DiagnosticList) -> [Diagnostic] { [] }
}

/// Fields of Caffe's forks.
enum ForkFields {
  static func translated(_ message: Message) throws(Diagnostic) -> Message { message }
}
