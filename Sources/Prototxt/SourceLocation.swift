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

  /// The line with a caret below the place, both without a line break at the end; nil if the line is empty.
  var excerpt: (line: String, caret: String)? {
    guard !source.isBinary else { return nil }
    let range = source.range(ofLine: line)
    let bytes = source.bytes
    let place = min(max(offset, range.lowerBound), range.upperBound)
    var start = range.lowerBound
    var end = range.upperBound
    while end > place, bytes[end - 1] == UInt8(ascii: " ") || bytes[end - 1] == UInt8(ascii: "\t") { end -= 1 }
    guard end > start else { return nil }
    if place - start > SourceLocation.longest / 2, end - start > SourceLocation.longest {
      start = place - SourceLocation.longest / 2
      while start < place, SourceLocation.continues(bytes[start]) { start += 1 }
    }
    if end - start > SourceLocation.longest {
      end = max(start + SourceLocation.longest, place)
      while end > place, end < bytes.count, SourceLocation.continues(bytes[end]) { end -= 1 }
    }
    let dots = (before: start > range.lowerBound ? "... " : "", after: end < range.upperBound ? " ..." : "")
    let before = String(decoding: bytes[start..<place], as: UTF8.self)
    let blank = (dots.before + before).map { $0 == "\t" ? "\t" : " " }.joined()
    let text = SourceLocation.printable(String(decoding: bytes[start..<end], as: UTF8.self))
    return (
      dots.before + text + (end < range.upperBound && start + SourceLocation.longest <= end ? dots.after : ""),
      blank + "^"
    )
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
