/// The text of one file, kept for the messages that point into it.
public final class SourceText: Sendable {
  /// The file's name as messages show it.
  public let name: String

  /// The file's bytes, unchanged.
  public let bytes: [UInt8]

  /// Whether there is a zero byte, which no text has.
  public let isBinary: Bool

  private let lineStarts: [Int]

  /// Wraps the bytes of a file that messages call `name`.
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
    var starts = [0]
    for offset in bytes.indices where bytes[offset] == UInt8(ascii: "\n") {
      starts.append(offset + 1)
    }
    lineStarts = starts
    isBinary = bytes.contains(0)
  }

  /// Wraps a text that messages call `name`.
  public convenience init(name: String, _ text: String) {
    self.init(name: name, bytes: Array(text.utf8))
  }

  /// The file at `path`, named as given.
  ///
  /// - Throws: a diagnostic with the path and the system's reason if it cannot be read.
  public convenience init(contentsOf path: String) throws(Diagnostic) {
    let file = try MappedFile(path)
    self.init(name: path, bytes: file.withBytes { bytes in Array(copying: bytes) })
  }

  /// The number of lines; a text without a line break has one.
  public var lineCount: Int { lineStarts.count }

  /// The text of the 1-based `line` without its line break; empty if there is no such line.
  public func line(_ line: Int) -> String {
    guard line >= 1, line <= lineStarts.count else { return "" }
    return String(decoding: bytes[range(ofLine: line)], as: UTF8.self)
  }

  /// The bytes of the 1-based `line`, without a byte order mark, line break or trailing carriage return.
  func range(ofLine line: Int) -> Range<Int> {
    var start = lineStarts[line - 1]
    var end = line < lineStarts.count ? lineStarts[line] - 1 : bytes.count
    if start == 0, hasByteOrderMark { start = 3 }
    if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return start..<max(start, end)
  }

  /// The 1-based line of the byte at `offset`.
  func line(at offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low + 1
  }

  /// Whether the text begins with the bytes EF BB BF.
  var hasByteOrderMark: Bool {
    bytes.starts(with: [0xEF, 0xBB, 0xBF])
  }
}

extension Array where Element == UInt8 {
  /// The bytes that a span lends.
  package init(copying span: Span<UInt8>) {
    self.init()
    reserveCapacity(span.count)
    for index in span.indices { append(span[index]) }
  }
}
