import Charts
import Crema
import Foundation
import Prototxt

/// Files of results, which appear whole or not at all.
enum OutputFile {
  /// Writes a text.
  static func write(_ text: String, to path: String) throws(Diagnostic) {
    try replaceFile(at: path) { temporary throws(Diagnostic) in
      do { try text.write(toFile: temporary, atomically: false, encoding: .utf8) } catch {
        throw Diagnostic("cannot write '\(path)': \(error.localizedDescription)")
      }
    }
  }

  /// Writes a picture, whose format the file's name tells.
  ///
  /// - Parameter draw: draws into the file of this path.
  static func draw(
    to path: String, _ draw: (PictureFormat, _ path: String) throws(PictureError) -> Void
  ) throws(Diagnostic) {
    guard let format = PictureFormat(path: path) else {
      throw Diagnostic("'\(path)' must end in .svg or .png to be drawn")
    }
    try replaceFile(at: path) { temporary throws(Diagnostic) in
      do throws(PictureError) { try draw(format, temporary) } catch {
        throw Diagnostic(error.description.replacingOccurrences(of: temporary, with: path))
      }
    }
  }

  /// A line of a CSV file: texts with commas, quotes or line breaks are quoted.
  static func csvLine(_ cells: [String]) -> String {
    cells.map { cell in
      guard cell.contains(where: { ",\"\n\r".contains($0) }) else { return cell }
      return "\"" + cell.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }.joined(separator: ",") + "\n"
  }
}
