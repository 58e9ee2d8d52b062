import CProtobufC

/// Checks binary messages against their schema before protobuf-c unpacks them, so that every fault has a place.
enum WireCheck {
  /// - Throws: the first fault in the message that `reader` is at, with the offset of the byte.
  static func check(_ bytes: Span<UInt8>, _ reader: WireReader, _ type: MessageType) throws(Diagnostic) {
    var reader = reader
    let start = reader.position
    var missing = type.storage.required
    while let found = try reader.next(in: bytes) {
      guard let field = type.field(number: found.number) else { continue }
      missing.removeAll { $0 == field }
      if found.type == .bytes, field.isRepeated, field.wireType != .bytes {
        try checkRun(bytes, reader.nested(found.range), field)
        continue
      }
      guard found.type == field.wireType else {
        throw reader.fault(
          "field \(found.number) ('\(field.name)' of \(type.name)) has the wire type \(found.type.rawValue)"
            + " instead of \(field.wireType.rawValue)", at: found.start)
      }
      switch field.kind {
      case .message(let nested):
        try check(bytes, reader.nested(found.range), nested)
      case .string:
        for offset in found.range where bytes[offset] == 0 {
          throw reader.fault("'\(field.name)' of \(type.name) contains the character \\0", at: offset)
        }
      default: break
      }
    }
    if let field = missing.first {
      throw reader.fault("\(type.name) needs '\(field.name)', which is missing", at: start)
    }
  }

  private static func checkRun(_ bytes: Span<UInt8>, _ reader: WireReader, _ field: FieldType) throws(Diagnostic) {
    var reader = reader
    let count = reader.end - reader.position
    switch field.wireType {
    case .varint:
      while !reader.isAtEnd { _ = try reader.varint(in: bytes) }
    case .fixed32, .fixed64:
      let size = field.wireType == .fixed32 ? 4 : 8
      guard count.isMultiple(of: size) else {
        throw reader.fault(
          "'\(field.name)' has \(count) bytes, which are not a multiple of \(size)", at: reader.position)
      }
    case .bytes: break
    }
  }
}

extension FieldType {
  /// How a single value is laid out.
  var wireType: WireType {
    switch storage.type {
    case PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32, PROTOBUF_C_TYPE_FLOAT: .fixed32
    case PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_DOUBLE: .fixed64
    case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES, PROTOBUF_C_TYPE_MESSAGE: .bytes
    default: .varint
    }
  }
}
