import Crema

/// The live line of a training run: `Iteration 120/20000  4.1 it/s  1 h 20 min left  loss 0.532  lr 0.01`.
package struct ProgressLine {
  private let start: ContinuousClock.Instant
  private var first: Int?

  /// A line that measures the pace from `start` on.
  package init(start: ContinuousClock.Instant = .now) { self.start = start }

  /// The line after an iteration.
  package mutating func text(_ progress: Solver.Progress, now: ContinuousClock.Instant = .now) -> String {
    text(
      iteration: progress.iteration, of: progress.mostIterations, loss: progress.loss, rate: progress.rate, now: now)
  }

  /// The line after an iteration, by its parts.
  package mutating func text(
    iteration: Int, of last: Int, loss: Float, rate: Float, now: ContinuousClock.Instant
  ) -> String {
    let begin = first ?? iteration - 1
    first = begin
    let seconds = (now - start) / .seconds(1)
    let pace = seconds > 0 ? Double(iteration - begin) / seconds : 0
    let left = pace > 0 ? Self.duration(Double(max(0, last - iteration)) / pace) + " left  " : ""
    return "Iteration \(iteration)/\(last)  \(Self.short(pace)) it/s  \(left)loss \(short(loss))  lr \(short(rate))"
  }

  /// `42 s`, `12 min 5 s`, `3 h 20 min`, `2 d 4 h`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "unknown time" }
    let whole = Int(seconds.rounded(.up))
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
    guard let index = units.firstIndex(where: { whole >= $0.0 }) else { return "0 s" }
    let (size, name) = units[index]
    let rest = index + 1 < units.count ? whole % size / units[index + 1].0 : 0
    return "\(whole / size) \(name)" + (rest > 0 ? " \(rest) \(units[index + 1].1)" : "")
  }

  private func short(_ value: Float) -> String { Self.short(Double(value)) }

  /// Three significant digits.
  static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    let size = abs(value)
    if size >= 100 { return size < 1e15 ? String(Int(value.rounded())) : "\(Float(value))" }
    if size < 1e-4 { return "\(Float(value))" }
    var scale = 1.0
    while size * scale < 99.95 { scale *= 10 }
    return "\(Float((value * scale).rounded() / scale))"
  }
}
