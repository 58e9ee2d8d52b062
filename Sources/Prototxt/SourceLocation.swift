/// A place in a text: file, line and column.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  /// The text that the place is in.
  public let source: SourceText

  /// The place as a number of bytes from the start of the text.
  public let offset: Int

  /// The place of the byte at `offset`; one behind the last byte is the end of the text.
  public init(source: SourceText, offset: Int) {
    self.source = source
    self.offset = min(max(offset, 0), source.bytes.count)
  }

  /// The place in a 1-based line and column, the nearest one there is.
  public init(source: SourceText, line: Int, column: Int) {
    let range = source.range(ofLine: min(max(line, 1), source.lineCount))
    var offset = range.lowerBound
    var left = column - 1
    while left > 0, offset < range.upperBound {
      offset += 1
      if offset == range.upperBound || !SourceLocation.continues(source.bytes[offset]) { left -= 1 }
    }
    self.init(source: source, offset: offset)
  }

  /// The line, counted from 1.
  public var line: Int { source.line(at: offset) }

  /// The column, counted from 1 in characters (Unicode scalars); a tab is one.
  public var column: Int {
    let start = source.range(ofLine: line).lowerBound
    guard offset > start else { return 1 }
    return 1 + source.bytes[start..<offset].count { !SourceLocation.continues($0) }
  }

  /// `file:line:column`.
  public var description: String { "\(source.name):\(line):\(column)" }

  /// Whether both are the same place of the same text object.
  public static func == (a: SourceLocation, b: SourceLocation) -> Bool {
    a.source === b.source && a.offset == b.offset
  }

  /// Hashes the text's identity and the place.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(source))
    hasher.combine(offset)
  }

  /// The line and a caret below the place, both without a line break; nil if the line is blank or no text. Of a long
  /// line only the part around the place is shown.
  var excerpt: (line: String, caret: String)? {
    guard !source.isBinary else { return nil }
    let bytes = source.bytes
    let line = source.range(ofLine: line)
    let place = min(max(offset, line.lowerBound), line.upperBound)
    var start = line.lowerBound
    var end = line.upperBound
    while end > start, bytes[end - 1] == UInt8(ascii: " ") || bytes[end - 1] == UInt8(ascii: "\t") { end -= 1 }
    guard end > start else { return nil }
    let full = end
    if place - start > SourceLocation.longest / 2, end - start > SourceLocation.longest {
      start = SourceLocation.characterStart(place - SourceLocation.longest / 2, bytes, from: start)
    }
    if end - start > SourceLocation.longest {
      end = SourceLocation.characterStart(start + SourceLocation.longest, bytes, from: start)
    }
    let before = start > line.lowerBound ? "... " : ""
    let after = end < full ? " ..." : ""
    let shown = SourceLocation.printable(String(decoding: bytes[start..<max(start, end)], as: UTF8.self))
    let blank = (before + String(decoding: bytes[start..<place], as: UTF8.self)).unicodeScalars.map { scalar in
      scalar == "\t" ? "\t" : " "
    }
    return (before + shown + after, blank.joined() + "^")
  }

  /// The start of the character that the byte at `offset` belongs to.
  private static func characterStart(_ offset: Int, _ bytes: [UInt8], from first: Int) -> Int {
    var start = offset
    while start > first, continues(bytes[start]) { start -= 1 }
    return start
  }

  private static let longest = 160

  private static func continues(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

  /// The text with control characters other than tabs shown as `?`, so that a terminal cannot be confused.
  private static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      let hidden = (scalar.value < 0x20 && scalar != "\t") || (0x7F...0x9F).contains(scalar.value)
      result.unicodeScalars.append(hidden ? "?" : scalar)
    }
    return result
  }
}
