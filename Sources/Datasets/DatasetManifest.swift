import Crema
import Foundation
import Prototxt

/// Where each record of a database came from; kept beside it as JSON.
public struct DatasetManifest: Codable, Sendable {
  /// One record.
  public struct Record: Codable, Sendable {
    /// The key in the database.
    public let key: String
    /// The file.
    public let source: String
    /// The class.
    public let label: Int
    /// The kind of operation, as `ImageOperation.kind` has it, and its parameter.
    public let operation: String, parameter: String
    /// What the decoder repaired, if anything.
    public let damage: String?
  }

  /// The name of the operation rule.
  public let operation: String
  /// The part of the dataset.
  public let part: DatasetPart
  /// The names of the classes, in the order of labels.
  public let classes: [String]
  /// Height and width of each record.
  public let side: Int
  /// What decided the order and the parameters.
  public let seed: UInt64
  /// Whether the operation came after resizing.
  public let operatesAfterResizing: Bool
  /// In the order of the database.
  public internal(set) var records: [Record] = []
  /// What could not be used.
  public internal(set) var unreadable: [DatasetBuilder.Unreadable] = []

  init(_ rule: OperationRule, _ part: DatasetPart, _ options: DatasetBuilder.Options, _ classes: [String]) {
    (operation, self.part, self.classes) = (rule.name, part, classes)
    (side, seed, operatesAfterResizing) = (options.side, options.seed, options.operatesAfterResizing)
  }

  /// The number of records of each class.
  public var counts: [Int] {
    var counts = Array(repeating: 0, count: classes.count)
    for record in records { counts[record.label] += 1 }
    return counts
  }

  /// Writes the file whole.
  func write(to path: String) throws(Diagnostic) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try replaceFile(at: path) { temporary throws(Diagnostic) in
      do { try encoder.encode(self).write(to: URL(fileURLWithPath: temporary)) } catch {
        throw Diagnostic("cannot write '\(path)': \(error.localizedDescription)")
      }
    }
  }
}
