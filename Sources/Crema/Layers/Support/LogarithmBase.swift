import Glibc
import Prototxt

/// The base of a power or logarithm, as ExpParameter and LogParameter say it: -1 is e.
struct LogarithmBase: Sendable {
  let value: Float
  /// The natural logarithm of the base.
  let logarithm: Float
  /// Whether the base is e.
  var isNatural: Bool { value == -1 }

  init(_ parameters: Message) throws(Diagnostic) {
    value = parameters.float("base")
    logarithm = value == -1 ? 1 : logf(value)
    guard value == -1 || value > 0 && value.isFinite else {
      throw parameters.error("base", "base must be a number above 0, or -1 for e, and it is \(value)")
    }
  }
}
