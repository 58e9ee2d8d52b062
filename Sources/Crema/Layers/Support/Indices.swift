/// Values that are places in a list, cut to whole numbers.
struct Indices: Sendable {
  /// What the places are of, for messages: `rows`, `images`.
  let noun: String
  /// What to do about a place that is none.
  let advice: String

  /// The place that a value means, or `nil` after a failure is reported.
  func read(_ value: Float, at position: Int, count: Int, _ pass: Pass) -> Int? {
    guard value > -1, value < Float(count) else {
      pass.fail("index \(value) at position \(position) is outside 0..<\(count), the \(noun); \(advice)")
      return nil
    }
    return Int(value)
  }
}
