/// How often images of each true class were taken for each class.
public struct ConfusionMatrix: Codable, Equatable, Sendable {
  /// By true class, then by predicted class.
  public private(set) var counts: [[Int]]

  /// No images yet, of `classes` classes (at least 1).
  public init(classes: Int) {
    counts = Array(repeating: Array(repeating: 0, count: classes), count: classes)
  }

  /// Counts that are known: as many columns as rows.
  public init(counts: [[Int]]) {
    precondition(counts.allSatisfy { $0.count == counts.count }, "a confusion matrix is square")
    self.counts = counts
  }

  /// Adds an image of class `label` that was taken for class `predicted`.
  public mutating func add(label: Int, predicted: Int) { counts[label][predicted] += 1 }

  /// The number of classes.
  public var classes: Int { counts.count }

  /// The number of images of a true class.
  public func total(of label: Int) -> Int { counts[label].reduce(0, +) }

  /// The number of images that were taken for a class.
  public func total(predicted: Int) -> Int { counts.reduce(0) { $0 + $1[predicted] } }

  /// The number of all images.
  public var total: Int { counts.joined().reduce(0, +) }

  /// The number of images that were taken for their own class.
  public var correct: Int { counts.indices.reduce(0) { $0 + counts[$1][$1] } }

  /// The number of images that were not.
  public var errors: Int { total - correct }

  /// The share of images that were taken for their own class, 0 to 1; nil without images.
  public var accuracy: Double? { share(correct, of: total) }

  /// The share of a true class's images that were taken for `predicted`, 0 to 1; nil without images of the class.
  public func share(label: Int, predicted: Int) -> Double? { share(counts[label][predicted], of: total(of: label)) }

  /// The share of a class's images that were taken for it; nil without images of the class.
  public func recall(of label: Int) -> Double? { share(label: label, predicted: label) }

  /// The share of images taken for a class that are of it; nil if none was.
  public func precision(of label: Int) -> Double? { share(counts[label][label], of: total(predicted: label)) }

  /// The mean of all recalls of classes that have images; equals the accuracy if all classes have as many.
  public var meanRecall: Double? {
    let recalls = counts.indices.compactMap(recall)
    return recalls.isEmpty ? nil : recalls.reduce(0, +) / Double(recalls.count)
  }

  /// Whether all classes have the same number of images.
  public var isBalanced: Bool { Set(counts.indices.map(total(of:))).count <= 1 }

  /// What AMTENnet's released test script prints at this place, 0 to 1: it divides column `predicted` by the number of images of
  /// *true* class `predicted`, which is the share only if classes are of equal size; nil without images of that class.
  public func releasedScriptShare(label: Int, predicted: Int) -> Double? {
    share(counts[label][predicted], of: total(of: predicted))
  }

  private func share(_ part: Int, of whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }
}

/// The relative error reduction (E1 - E2) / E1 between two detectors' numbers of errors, E1 > E2.
///
/// - Returns: nil unless `more` is greater than `fewer`.
public func relativeErrorReduction(from more: Int, to fewer: Int) -> Double? {
  more > fewer ? Double(more - fewer) / Double(more) : nil
}
