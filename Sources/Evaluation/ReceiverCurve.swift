/// The receiver operating characteristic of one class against all others.
public struct ReceiverCurve: Codable, Equatable, Sendable {
  /// One threshold: images with at least this score count as positive.
  public struct Point: Codable, Equatable, Sendable {
    /// The share of negatives at or above the threshold, 0 to 1.
    public let falsePositives: Double
    /// The share of positives at or above the threshold, 0 to 1.
    public let truePositives: Double
    /// The threshold; nil for the point (0, 0), which lies above all scores.
    public let threshold: Double?
  }

  /// From (0, 0) to (1, 1), one point for each score that occurs.
  public let points: [Point]
  /// The area below the curve, 0 to 1: the chance that a positive has a higher score than a negative, ties counted half.
  public let area: Double

  /// The curve of images with scores, of which some are positive.
  ///
  /// - Returns: nil unless there are both positives and negatives.
  public init?(_ images: [(score: Double, isPositive: Bool)]) {
    let positives = images.count { $0.isPositive }, negatives = images.count - positives
    guard positives > 0, negatives > 0 else { return nil }
    let sorted = images.sorted { $0.score > $1.score }
    var points = [Point(falsePositives: 0, truePositives: 0, threshold: nil)]
    var hits = 0, falseAlarms = 0, halves = 0, start = 0
    while start < sorted.count {
      let score = sorted[start].score, end = sorted[start...].firstIndex { $0.score != score } ?? sorted.count
      let newHits = sorted[start..<end].count { $0.isPositive }, newAlarms = end - start - newHits
      halves += newAlarms * (2 * hits + newHits)
      (hits, falseAlarms, start) = (hits + newHits, falseAlarms + newAlarms, end)
      points.append(
        Point(
          falsePositives: Double(falseAlarms) / Double(negatives), truePositives: Double(hits) / Double(positives),
          threshold: score))
    }
    self.points = points
    area = Double(halves) / (2 * Double(positives) * Double(negatives))
  }

  /// At most `count` points of the curve (at least 2), among them both ends: enough for a picture or a file.
  public func thinned(to count: Int) -> [Point] {
    guard points.count > count else { return points }
    return (0..<count).map { points[$0 * (points.count - 1) / (count - 1)] }
  }
}
