/// A word, number, string or sign of a text, as a range of its bytes.
struct Token {
  enum Kind {
    case word, string, symbol, end
    case decimal, octal, hexadecimal, fraction
    /// Something that has been reported already.
    case bad
  }

  var kind: Kind
  var start: Int
  var end: Int
  /// Whether nothing but blanks and comments stands before it on its line.
  var startsLine: Bool
}

/// Cuts protocol-buffer text into tokens.
///
/// What is no token is reported in `problems` and becomes a `bad` token; reading goes on behind it.
struct TextLexer {
  let source: SourceText
  private let bytes: [UInt8]
  private var position = 0
  private var startsLine = true
  private(set) var problems: [Diagnostic] = []

  init(_ source: SourceText) {
    self.source = source
    bytes = source.bytes
    if source.hasByteOrderMark { position = 3 }
  }

  /// The next token; `end` again and again at the end.
  mutating func next() -> Token {
    skipBlanks()
    let start = position
    let first = startsLine
    startsLine = false
    guard start < bytes.count else { return Token(kind: .end, start: start, end: start, startsLine: first) }
    let byte = bytes[start]
    let kind: Token.Kind
    if byte.isLetter {
      while position < bytes.count, bytes[position].isLetter || bytes[position].isDigit { position += 1 }
      kind = .word
    } else if byte.isDigit || (byte == UInt8(ascii: ".") && peek(1).isDigit) {
      kind = number()
    } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
      kind = string(quote: byte)
    } else if TextLexer.symbols.contains(byte) {
      position += 1
      kind = .symbol
    } else {
      kind = stranger()
    }
    return Token(kind: kind, start: start, end: position, startsLine: first)
  }

  func location(_ offset: Int) -> SourceLocation { SourceLocation(source: source, offset: offset) }

  mutating func takeProblems() -> [Diagnostic] {
    defer { problems = [] }
    return problems
  }

  private static let symbols = Array("{}<>[]:;,-+./".utf8)

  private func peek(_ distance: Int) -> UInt8 {
    position + distance < bytes.count ? bytes[position + distance] : 0
  }

  private mutating func skipBlanks() {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\n"):
        startsLine = true
        position += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), 0x0B, 0x0C:
        position += 1
      case UInt8(ascii: "#"):
        skipLine()
      case UInt8(ascii: "<"), UInt8(ascii: "="), UInt8(ascii: ">"):
        guard startsLine, isMergeMarker else { return }
        problems.append(
          Diagnostic(
            "a merge conflict is left in the file: keep one side and remove the marker", at: location(position)))
        skipLine()
      default:
        return
      }
    }
  }

  private var isMergeMarker: Bool {
    let byte = bytes[position]
    return position + 7 <= bytes.count && bytes[position..<position + 7].allSatisfy { $0 == byte }
      && (position == 0 || bytes[position - 1] == UInt8(ascii: "\n"))
  }

  private mutating func skipLine() {
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
  }

  /// Reads a number without a sign.
  private mutating func number() -> Token.Kind {
    let start = position
    if bytes[position] == UInt8(ascii: "0"), peek(1) | 0x20 == UInt8(ascii: "x") {
      position += 2
      while peek(0).isHexDigit { position += 1 }
      return position > start + 2 ? .hexadecimal : bad(start, "has no digits after '0x'")
    }
    while peek(0).isDigit { position += 1 }
    var kind = Token.Kind.decimal
    if peek(0) == UInt8(ascii: ".") {
      kind = .fraction
      position += 1
      while peek(0).isDigit { position += 1 }
    }
    if peek(0) | 0x20 == UInt8(ascii: "e") {
      kind = .fraction
      position += 1
      if peek(0) == UInt8(ascii: "-") || peek(0) == UInt8(ascii: "+") { position += 1 }
      guard peek(0).isDigit else { return bad(start, "has no digits after 'e'") }
      while peek(0).isDigit { position += 1 }
    }
    if peek(0) | 0x20 == UInt8(ascii: "f") {
      kind = .fraction
      position += 1
    }
    if kind == .fraction, peek(0) == UInt8(ascii: ".") {
      while peek(0) == UInt8(ascii: ".") || peek(0).isDigit { position += 1 }
      return bad(start, "has two decimal points")
    }
    if kind == .decimal, bytes[start] == UInt8(ascii: "0"), position > start + 1 {
      kind = .octal
      if bytes[start..<position].contains(where: { $0 > UInt8(ascii: "7") }) {
        return bad(start, "begins with 0 and is octal, but has a digit above 7")
      }
    }
    return kind
  }

  private mutating func bad(_ start: Int, _ fault: String) -> Token.Kind {
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    problems.append(Diagnostic("the number \(text) \(fault)", at: location(start)))
    return .bad
  }

  private mutating func string(quote: UInt8) -> Token.Kind {
    let start = position
    position += 1
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
      if bytes[position] == quote {
        position += 1
        return .string
      }
      let escapes = bytes[position] == UInt8(ascii: "\\") && position + 1 < bytes.count
      position += escapes && bytes[position + 1] != UInt8(ascii: "\n") ? 2 : 1
    }
    let mark = quote == UInt8(ascii: "'") ? "'" : "\""
    problems.append(
      Diagnostic("this string has no closing \(mark) on its line; write a line break as \\n", at: location(start)))
    return .bad
  }

  /// Reads past a character that begins no token.
  private mutating func stranger() -> Token.Kind {
    let start = position
    position += 1
    while position < bytes.count, bytes[position] & 0xC0 == 0x80 { position += 1 }
    if let character = String(validating: bytes[start..<position], as: UTF8.self), bytes[start] >= 0x20,
      bytes[start] != 0x7F
    {
      problems.append(Diagnostic("the character '\(character)' has no meaning here", at: location(start)))
    } else {
      position = start + 1
      let byte = "0x" + String(bytes[start], radix: 16, uppercase: true)
      problems.append(Diagnostic("the byte \(byte) is not text; the file must be UTF-8", at: location(start)))
    }
    return .bad
  }
}

extension UInt8 {
  var isLetter: Bool {
    (self | 0x20 >= UInt8(ascii: "a") && self | 0x20 <= UInt8(ascii: "z")) || self == UInt8(ascii: "_")
  }

  var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

  var isHexDigit: Bool { hexValue != nil }

  var hexValue: UInt8? {
    if isDigit { return self - UInt8(ascii: "0") }
    let lower = self | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "f") ? lower - UInt8(ascii: "a") + 10 : nil
  }
}
