/// The live line of a count: `reading 1200/8000  310 images/s  22 s left`.
final class WorkProgress {
  private let name: String
  private let count: Int
  private let start = ContinuousClock.now

  init(_ name: String, of count: Int) { (self.name, self.count) = (name, count) }

  /// Images a second up to now.
  func rate(_ done: Int) -> Double { Double(done) / max((ContinuousClock.now - start) / .seconds(1), 1e-9) }

  func text(_ done: Int) -> String {
    let rate = rate(done)
    return "\(name) \(done)/\(count)  \(ProgressLine.short(rate)) images/s  "
      + "\(ProgressLine.duration(Double(count - done) / max(rate, 1e-9))) left"
  }
}
