import Crema
import Foundation
import Prototxt

/// A class of a dataset and the image files that belong to it.
public struct DatasetClass: Sendable {
  /// The name.
  public let name: String
  /// The paths, sorted.
  public private(set) var paths: [String]
  /// Files of its folders that do not end as images do.
  public private(set) var others: [String] = []

  /// How the names of image files end.
  public static let endings: Set<String> = ["jpg", "jpeg", "jpe", "png", "bmp", "ppm", "pgm", "pbm"]

  /// A class of known paths.
  public init(name: String, paths: [String]) { (self.name, self.paths) = (name, paths.sorted()) }

  /// The images of a folder and all folders in it, or those that a list names, one path a line.
  ///
  /// - Throws: a path that leads to nothing or to no image, or a list that cannot be read.
  public init(name: String, source: String) throws(Diagnostic) {
    self.init(name: name, paths: [])
    guard FileManager.default.fileExists(atPath: source) else {
      throw Diagnostic("class '\(name)': there is no folder or list '\(source)'")
    }
    if isFolder(source) {
      try addFolder(source)
    } else {
      paths = try Self.lines(of: source)
    }
    guard !paths.isEmpty else {
      throw Diagnostic(
        "class '\(name)': '\(source)' has no images (files that end in \(Self.endings.sorted().joined(separator: ", ")))"
      )
    }
  }

  /// One class from several, with the name of the first.
  public static func joined(_ parts: [DatasetClass]) -> [DatasetClass] {
    var classes: [DatasetClass] = []
    for part in parts {
      if let index = classes.firstIndex(where: { $0.name == part.name }) {
        classes[index].paths = (classes[index].paths + part.paths).sorted()
        classes[index].others += part.others
      } else {
        classes.append(part)
      }
    }
    return classes
  }

  private mutating func addFolder(_ folder: String) throws(Diagnostic) {
    guard let names = FileManager.default.enumerator(atPath: folder) else {
      throw Diagnostic("class '\(name)': the folder '\(folder)' cannot be read")
    }
    let root = folder.hasSuffix("/") ? folder : folder + "/"
    for case let file as String in names {
      let path = root + file, ending = file.split(separator: "/").last?.split(separator: ".").dropFirst().last
      if Self.endings.contains(ending?.lowercased() ?? "") {
        paths.append(path)
      } else if !isFolder(path) {
        others.append(path)
      }
    }
    paths.sort()
  }

  private static func lines(of list: String) throws(Diagnostic) -> [String] {
    let text = String(decoding: try SourceText(contentsOf: list).bytes, as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }.sorted()
  }
}

/// Which images come from one source and must not be divided.
public enum DatasetGrouping: Sendable, Equatable {
  /// Only files of the same content belong together.
  case none
  /// Those of one folder.
  case folder
  /// Those whose names agree up to the first occurrence of a text.
  case prefix(String)

  /// The name of an image's group; nil: it is a group of its own.
  public func group(of path: String) -> String? {
    let parts = path.split(separator: "/"), file = parts.last.map(String.init) ?? path
    switch self {
    case .none: return nil
    case .folder: return parts.dropLast().joined(separator: "/")
    case .prefix(let separator):
      guard let end = file.range(of: separator) else { return file }
      return String(file[..<end.lowerBound])
    }
  }
}

/// Whether a path leads to a folder, through links too.
package func isFolder(_ path: String) -> Bool {
  let target = URL(fileURLWithPath: path).resolvingSymlinksInPath()
  return (try? target.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true
}
