import Prototxt

/// A list of images and their labels: one `path label` a line, split at the last space.
public struct ImageList: Sendable {
  /// One line.
  public struct Entry: Sendable, Equatable {
    /// The path as the list has it.
    public let path: String
    /// The class.
    public let label: Int32

    /// An image and its class.
    public init(path: String, label: Int32) { (self.path, self.label) = (path, label) }
  }

  /// The lines, in order; their places are part of the keys of a database.
  public private(set) var entries: [Entry] = []

  /// Reads a list. Blank lines at its end do not count.
  ///
  /// - Throws: a file that cannot be read or is empty, or the first line that is not `path label`.
  public init(contentsOf path: String) throws(Diagnostic) {
    try self.init(try SourceText(contentsOf: path))
  }

  /// Reads a list from a text.
  ///
  /// - Throws: an empty text, or the first line that is not `path label`.
  public init(_ text: SourceText) throws(Diagnostic) {
    guard !text.isBinary else {
      throw Diagnostic("'\(text.name)' is a binary file; a list of images and labels is wanted")
    }
    var count = text.lineCount
    while count > 0, text.line(count).allSatisfy(\.isWhitespace) { count -= 1 }
    guard count > 0 else {
      throw Diagnostic("the list '\(text.name)' is empty; it needs lines of the form 'path label'")
    }
    entries.reserveCapacity(count)
    for number in 1...count {
      let line = text.line(number)
      guard let entry = ImageList.entry(line) else {
        throw Diagnostic(
          "a line must be a path, a space and a whole number, the label: 'cat.png 3'; this one is "
            + (line.allSatisfy(\.isWhitespace) ? "blank" : "'\(line)'"),
          at: SourceLocation(source: text, line: number, column: ImageList.column(ofLabelIn: line)))
      }
      entries.append(entry)
    }
  }

  /// Where the label should be: behind the last space, or in the first column if there is no path before it.
  private static func column(ofLabelIn line: String) -> Int {
    var bytes = Substring(line).utf8
    while let last = bytes.last, [UInt8(ascii: " "), UInt8(ascii: "\t")].contains(last) { bytes.removeLast() }
    guard let space = bytes.lastIndex(of: UInt8(ascii: " ")) else { return 1 }
    return space == bytes.startIndex ? 1 : bytes.distance(from: bytes.startIndex, to: space) + 2
  }

  private static func entry(_ line: String) -> Entry? {
    var bytes = Substring(line).utf8
    while let last = bytes.last, [UInt8(ascii: " "), UInt8(ascii: "\t")].contains(last) { bytes.removeLast() }
    guard let space = bytes.lastIndex(of: UInt8(ascii: " ")) else { return nil }
    guard let label = Int32(Substring(bytes[bytes.index(after: space)...])) else { return nil }
    let path = String(Substring(bytes[..<space]))
    return path.isEmpty ? nil : Entry(path: path, label: label)
  }

  /// Shuffles the lines as Caffe does.
  public mutating func shuffle(_ random: RandomStream) { random.shuffle(&entries) }
}
