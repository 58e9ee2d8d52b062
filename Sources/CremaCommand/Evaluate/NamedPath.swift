import Charts
import Foundation
import Prototxt

/// `NAME=PATH`, or a path that is called by its last part.
struct NamedPath {
  let name: String
  let path: String

  /// All of them; names must differ.
  static func all(_ texts: [String]) throws(Diagnostic) -> [NamedPath] {
    let paths = texts.map(NamedPath.init)
    for (index, path) in paths.enumerated() {
      guard let other = paths[..<index].first(where: { $0.name == path.name }) else { continue }
      throw Diagnostic(
        "'\(other.path)' and '\(path.path)' would both be called '\(path.name)' in tables; name them: NAME=\(path.path)"
      )
    }
    return paths
  }

  private init(_ text: String) {
    if let sign = text.firstIndex(of: "="), sign != text.startIndex, !text[..<sign].contains("/"),
      !FileManager.default.fileExists(atPath: text)
    {
      (name, path) = (String(text[..<sign]), String(text[text.index(after: sign)...]))
    } else {
      (name, path) = (text.split(separator: "/").last.map(String.init) ?? text, text)
    }
  }
}

/// The kinds of file that results are written as.
enum OutputKind: String {
  case json
  case csv
  case md
  case svg
  case png

  /// What a file's name asks for by its end.
  init?(path: String) {
    guard let dot = path.lastIndex(of: "."), let kind = Self(rawValue: path[path.index(after: dot)...].lowercased())
    else { return nil }
    self = kind
  }

  /// The format, if it is a picture.
  var picture: PictureFormat? { PictureFormat(rawValue: rawValue) }
}
