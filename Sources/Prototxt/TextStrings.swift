/// The inside of a quoted string of a protocol-buffer text.
enum TextStrings {
  /// The bytes that the quoted string in `range` of `bytes` stands for, appended to `result`.
  ///
  /// Returns what is wrong with it and where, or nil.
  static func decode(_ bytes: [UInt8], _ range: Range<Int>, into result: inout [UInt8]) -> (offset: Int, fault: String)?
  {
    let inside = range.lowerBound + 1..<range.upperBound - 1
    var position = inside.lowerBound
    while position < inside.upperBound {
      let byte = bytes[position]
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        position += 1
        continue
      }
      let start = position
      position += 1
      guard position < inside.upperBound else { return (start, "'\\' has nothing to escape") }
      let letter = bytes[position]
      position += 1
      switch letter {
      case UInt8(ascii: "0")...UInt8(ascii: "7"):
        position -= 1
        let code = digits(bytes, &position, end: min(position + 3, inside.upperBound), radix: 8)
        guard code < 256 else { return (start, "an octal escape is at most \\377") }
        result.append(UInt8(code))
      case UInt8(ascii: "x"), UInt8(ascii: "X"):
        let first = position
        let code = digits(bytes, &position, end: min(position + 2, inside.upperBound), radix: 16)
        guard position > first else { return (start, "'\\x' needs one or two hexadecimal digits") }
        result.append(UInt8(code))
      case UInt8(ascii: "u"), UInt8(ascii: "U"):
        let width = letter == UInt8(ascii: "u") ? 4 : 8
        guard let scalar = unicode(bytes, &position, width: width, end: inside.upperBound) else {
          return (start, "this escape is not a Unicode character: \\u takes 4 hexadecimal digits, \\U takes 8")
        }
        result.append(contentsOf: Array(String(Character(scalar)).utf8))
      default:
        guard let plain = escapes[letter] else {
          let shown = String(decoding: [letter], as: UTF8.self)
          return (start, "'\\\(shown)' is no escape; write a backslash as \\\\")
        }
        result.append(plain)
      }
    }
    return nil
  }

  /// The text in double quotes, with escapes for what is not printable ASCII.
  static func quoted(_ bytes: some Sequence<UInt8>) -> String {
    var text = "\""
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\n"): text += "\\n"
      case UInt8(ascii: "\r"): text += "\\r"
      case UInt8(ascii: "\t"): text += "\\t"
      case UInt8(ascii: "\""): text += "\\\""
      case UInt8(ascii: "'"): text += "\\'"
      case UInt8(ascii: "\\"): text += "\\\\"
      case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let octal = String(byte, radix: 8)
        text += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
      }
    }
    return text + "\""
  }

  private static let escapes: [UInt8: UInt8] = [
    UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13,
    UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11, UInt8(ascii: "\\"): UInt8(ascii: "\\"),
    UInt8(ascii: "?"): UInt8(ascii: "?"), UInt8(ascii: "'"): UInt8(ascii: "'"), UInt8(ascii: "\""): UInt8(ascii: "\""),
  ]

  private static func digits(_ bytes: [UInt8], _ position: inout Int, end: Int, radix: Int) -> Int {
    var value = 0
    while position < end, let digit = bytes[position].hexValue, digit < radix {
      value = value * radix + Int(digit)
      position += 1
    }
    return value
  }

  /// A character of `width` hexadecimal digits; two halves of a surrogate pair are one.
  private static func unicode(_ bytes: [UInt8], _ position: inout Int, width: Int, end: Int) -> Unicode.Scalar? {
    guard position + width <= end else { return nil }
    let first = position
    var code = digits(bytes, &position, end: position + width, radix: 16)
    guard position == first + width else { return nil }
    if (0xD800..<0xDC00).contains(code), position + 6 <= end, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    {
      position += 2
      let low = digits(bytes, &position, end: position + 4, radix: 16)
      guard (0xDC00..<0xE000).contains(low) else { return nil }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    return UInt32(exactly: code).flatMap(Unicode.Scalar.init)
  }
}
