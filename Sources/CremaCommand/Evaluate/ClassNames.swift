import Foundation
import Prototxt

/// What the classes of a net are called.
enum ClassNames {
  /// One name for each class: of a list separated by commas, or of a file with one name a line; without either, the labels.
  ///
  /// - Throws: a file that cannot be read, or another number of names than there are classes.
  static func names(_ given: String?, count: Int) throws(Diagnostic) -> [String] {
    guard let given else { return (0..<count).map(String.init) }
    var names = given.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    if FileManager.default.fileExists(atPath: given) {
      names = String(decoding: try SourceText(contentsOf: given).bytes, as: UTF8.self).split(
        whereSeparator: \.isNewline
      ).map(String.init)
    }
    guard names.count == count else {
      throw Diagnostic(
        "--classes names \(names.count) classes, but the net has \(count) scores for each image; give one name for each"
      )
    }
    return names
  }
}
