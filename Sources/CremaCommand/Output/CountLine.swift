/// The live line of a count: `12,345/100,000 images  1234/s  1 min 12 s left`.
package struct CountLine {
  private let noun: String
  private let total: Int?
  private let title: String
  private let start: ContinuousClock.Instant

  /// A line that measures the pace from `start` on.
  ///
  /// - Parameters:
  ///   - noun: what is counted, such as `images`.
  ///   - total: how many there are, if that is known.
  ///   - title: what they are counted for, which stands in front.
  package init(_ noun: String, of total: Int? = nil, for title: String = "", start: ContinuousClock.Instant = .now) {
    (self.noun, self.total, self.start) = (noun, total, start)
    self.title = title.isEmpty ? "" : title + "  "
  }

  /// How many are done in a second; 0 before any time has gone by.
  package func rate(_ count: Int, now: ContinuousClock.Instant = .now) -> Double {
    let seconds = (now - start) / .seconds(1)
    return seconds > 0 ? Double(count) / seconds : 0
  }

  /// The line when `count` are done.
  package func text(_ count: Int, now: ContinuousClock.Instant = .now) -> String {
    let rate = rate(count, now: now)
    let of = total.map { "/\($0.grouped)" } ?? ""
    var text = "\(title)\(count.grouped)\(of) \(noun)  \(ProgressLine.short(rate))/s"
    if let total, rate > 0 { text += "  \(ProgressLine.duration(Double(max(0, total - count)) / rate)) left" }
    return text
  }
}
