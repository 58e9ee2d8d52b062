/// Writes messages as protocol-buffer text, in the form that Caffe's logs and tools have.
///
/// Fields stand in the order of their numbers, those of one number in the order of the message; two spaces for each
/// level; numbers as short as reading them back allows. What is written reads back as the same message.
public enum TextPrinter {
  /// The message as text, with a line break at the end unless it is empty.
  public static func print(_ message: Message) -> String {
    var text = ""
    print(message, indent: "", into: &text)
    return text
  }

  private static func print(_ message: Message, indent: String, into text: inout String) {
    for field in ordered(message.fields) {
      text += indent
      text += field.name
      if case .message(let nested) = field.value {
        text += " {\n"
        print(nested, indent: indent + "  ", into: &text)
        text += indent
        text += "}\n"
      } else {
        text += ": "
        text += TextPrinter.text(field.value, field.type?.kind)
        text += "\n"
      }
    }
  }

  /// The fields in the order of their numbers, unknown ones last.
  private static func ordered(_ fields: [Message.Field]) -> [Message.Field] {
    var sorted = true
    for (a, b) in zip(fields, fields.dropFirst()) where number(a) > number(b) { sorted = false }
    if sorted { return fields }
    let order = fields.indices.sorted { a, b in
      let numbers = (number(fields[a]), number(fields[b]))
      return numbers.0 == numbers.1 ? a < b : numbers.0 < numbers.1
    }
    return order.map { fields[$0] }
  }

  private static func number(_ field: Message.Field) -> Int { field.type?.number ?? .max }

  private static func text(_ value: Message.Value, _ kind: FieldType.Kind?) -> String {
    switch value {
    case .int(let number): String(number)
    case .uint(let number): String(number)
    case .float(let number): kind == .double ? NumberText.text(number) : NumberText.text(Float(number))
    case .bool(let flag): flag ? "true" : "false"
    case .string(let text): TextStrings.quoted(text.utf8)
    case .bytes(let bytes): TextStrings.quoted(bytes)
    case .enumeration(let name, _): name
    case .raw(let text): text
    case .wire(let type, let bytes): wire(type, bytes)
    case .message: preconditionFailure("a message is no scalar")
    }
  }

  /// The contents of an unknown binary field: a number, or the bytes in quotes.
  private static func wire(_ type: WireType, _ bytes: [UInt8]) -> String {
    var reader = WireReader(0..<bytes.count)
    guard
      let number = try? type == .varint || type == .bytes
        ? reader.varint(in: bytes.span) : reader.fixed(bytes.count, in: bytes.span)
    else { return TextStrings.quoted(bytes) }
    switch type {
    case .varint: return String(number)
    case .bytes: return TextStrings.quoted(bytes[reader.position...])
    case .fixed32, .fixed64:
      let digits = String(number, radix: 16)
      return "0x" + String(repeating: "0", count: 2 * bytes.count - digits.count) + digits
    }
  }
}
