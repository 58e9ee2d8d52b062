/// Writes the fields of binary messages.
public struct WireWriter: Sendable {
  /// What has been written.
  public private(set) var bytes: [UInt8] = []

  /// A writer that has written nothing.
  public init() {}

  /// Writes the tag of a field.
  public mutating func tag(_ number: Int, _ type: WireType) {
    varint(UInt64(number) << 3 | UInt64(type.rawValue))
  }

  /// Writes a number of seven bits a byte.
  public mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Writes four bytes, the lowest first.
  public mutating func fixed32(_ value: UInt32) {
    for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
  }

  /// Writes eight bytes, the lowest first.
  public mutating func fixed64(_ value: UInt64) {
    for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
  }

  /// Writes bytes as they are.
  public mutating func raw(_ contents: some Sequence<UInt8>) { bytes.append(contentsOf: contents) }

  /// Writes a varint field; negative numbers as ten bytes.
  public mutating func field(_ number: Int, _ value: Int64) {
    tag(number, .varint)
    varint(UInt64(bitPattern: value))
  }

  /// Writes a string field.
  public mutating func field(_ number: Int, _ value: String) { field(number, value.utf8) }

  /// Writes a length-delimited field: a string, bytes, a message or a packed run.
  public mutating func field(_ number: Int, _ contents: some Collection<UInt8>) {
    header(number, length: contents.count)
    bytes.append(contentsOf: contents)
  }

  /// Writes the tag and length of a length-delimited field whose contents are written by somebody else.
  public mutating func header(_ number: Int, length: Int) {
    tag(number, .bytes)
    varint(UInt64(length))
  }

  /// How many bytes a varint has.
  public static func size(ofVarint value: UInt64) -> Int {
    max(1, (64 - value.leadingZeroBitCount + 6) / 7)
  }
}
