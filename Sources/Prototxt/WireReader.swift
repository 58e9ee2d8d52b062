/// How the value of a field is laid out in a binary message.
public enum WireType: UInt8, Sendable {
  /// A number of one to ten bytes with seven bits each.
  case varint = 0
  /// Eight bytes.
  case fixed64 = 1
  /// A length and that many bytes.
  case bytes = 2
  /// Four bytes.
  case fixed32 = 5
}

/// One field of a binary message.
public struct WireField: Sendable, Equatable {
  /// The field's number.
  public let number: Int

  /// How its value is laid out.
  public let type: WireType

  /// Where the tag begins, from the start of all bytes.
  public let start: Int

  /// The value: the contents of a length-delimited field without the length, or the bytes of a number.
  public let range: Range<Int>

  /// The number of a varint, `fixed32` or `fixed64` field; the length of a length-delimited one.
  public let value: UInt64
}

/// Walks over the fields of one binary message, at one level, without copying.
///
/// The reader holds only positions; the bytes are passed to each call, always the same. Nested messages are walked by
/// readers of their own: `WireReader(field.range)`. Anything wrong is an error with the offset of the byte.
public struct WireReader: Sendable {
  /// The next byte to read.
  public private(set) var position: Int

  /// The end of the message.
  public let end: Int

  private let file: String

  /// A reader of the message in `range`; errors name the `file` if it is given.
  public init(_ range: Range<Int>, file: String = "") {
    position = range.lowerBound
    end = range.upperBound
    self.file = file
  }

  /// A reader of a packed run or message inside of this one.
  public func nested(_ range: Range<Int>) -> WireReader { WireReader(range, file: file) }

  /// Whether all has been read.
  public var isAtEnd: Bool { position >= end }

  /// The next field, or nil at the end.
  ///
  /// - Throws: what is wrong with its tag or length, with the offset of the byte.
  public mutating func next(in bytes: Span<UInt8>) throws(Diagnostic) -> WireField? {
    guard !isAtEnd else { return nil }
    let start = position
    let tag = try varint(in: bytes)
    guard tag >> 3 > 0, tag >> 3 <= 0x1FFF_FFFF else {
      throw fault("a field has the number \(tag >> 3), which cannot be", at: start)
    }
    let number = Int(tag >> 3)
    switch WireType(rawValue: UInt8(tag & 7)) {
    case .varint:
      let first = position
      let value = try varint(in: bytes)
      return WireField(number: number, type: .varint, start: start, range: first..<position, value: value)
    case .fixed32:
      let value = try fixed(4, in: bytes)
      return WireField(number: number, type: .fixed32, start: start, range: position - 4..<position, value: value)
    case .fixed64:
      let value = try fixed(8, in: bytes)
      return WireField(number: number, type: .fixed64, start: start, range: position - 8..<position, value: value)
    case .bytes:
      let length = try varint(in: bytes)
      let left = max(0, min(end, bytes.count) - position)
      guard length <= UInt64(left) else {
        throw fault("field \(number) should have \(length) bytes, but only \(left) are left", at: start)
      }
      let range = position..<position + Int(length)
      position = range.upperBound
      return WireField(number: number, type: .bytes, start: start, range: range, value: length)
    case nil:
      throw fault("field \(number) has the wire type \(tag & 7), which cannot be read", at: start)
    }
  }

  /// The next varint of a packed run.
  ///
  /// - Throws: if it is cut off or longer than ten bytes.
  public mutating func varint(in bytes: Span<UInt8>) throws(Diagnostic) -> UInt64 {
    let start = position
    let limit = min(end, bytes.count)
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < limit {
      let byte = bytes[position]
      position += 1
      guard shift < 63 || byte <= 1 else { throw fault("a number is longer than 64 bits", at: start) }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
      guard shift < 70 else { throw fault("a number is longer than 64 bits", at: start) }
    }
    throw fault("the data end inside of a number", at: start)
  }

  /// The next little-endian number of `count` bytes of a packed run.
  ///
  /// - Throws: if it is cut off.
  public mutating func fixed(_ count: Int, in bytes: Span<UInt8>) throws(Diagnostic) -> UInt64 {
    guard min(end, bytes.count) - position >= count else {
      throw fault("the data end inside of a number", at: position)
    }
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
    position += count
    return value
  }

  /// An error about the byte at `offset`.
  public func fault(_ message: String, at offset: Int) -> Diagnostic {
    Diagnostic("\(file.isEmpty ? "" : file + ", ")byte \(offset): \(message)")
  }
}
