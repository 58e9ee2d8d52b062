/// The live line of a count: `12,345/100,000 images  1234/s  1 min 12 s left`.
package struct CountLine {
  private let noun: String
  private let total: Int?
  private let start: ContinuousClock.Instant

  /// A line that measures the pace from `start` on.
  ///
  /// - Parameters:
  ///   - noun: what is counted, such as `images`.
  ///   - total: how many there are, if that is known.
  package init(_ noun: String, of total: Int? = nil, start: ContinuousClock.Instant = .now) {
    (self.noun, self.total, self.start) = (noun, total, start)
  }

  /// The line when `count` are done.
  package func text(_ count: Int, now: ContinuousClock.Instant = .now) -> String {
    let seconds = (now - start) / .seconds(1)
    let pace = seconds > 0 ? Double(count) / seconds : 0
    let of = total.map { "/\($0.grouped)" } ?? ""
    var text = "\(count.grouped)\(of) \(noun)  \(ProgressLine.short(pace))/s"
    if let total, pace > 0 { text += "  \(ProgressLine.duration(Double(max(0, total - count)) / pace)) left" }
    return text
  }
}
