/// A message as a tree: its fields in the order in which they were written, each with its place.
///
/// A field that is absent reads as the schema's default. Reading or setting a field that the type does not have, or
/// with another kind than the schema's, is a programmer's mistake and traps.
public struct Message: Sendable {
  /// The type.
  public let type: MessageType

  /// The fields in the order of writing; a repeated field is several of them.
  public var fields: [Field]

  /// Where the message begins: the name of the field that holds it, or the start of the file.
  public var location: SourceLocation?

  /// An empty message.
  public init(_ type: MessageType, location: SourceLocation? = nil) {
    self.type = type
    fields = []
    self.location = location
  }

  /// One value of a message.
  public struct Field: Sendable {
    /// The name as written; for an unknown field of a binary file its number.
    public let name: String

    /// The schema's field; nil if the type has no such field, or no such value of an enum.
    public let type: FieldType?

    /// The value.
    public var value: Value

    /// The place of the value; of the name for messages and unknown fields.
    public var location: SourceLocation?

    /// A value of a known field.
    public init(_ type: FieldType, _ value: Value, location: SourceLocation? = nil) {
      name = type.name
      self.type = type
      self.value = value
      self.location = location
    }

    /// A value of an unknown field.
    public init(unknown name: String, _ value: Value, location: SourceLocation? = nil) {
      self.name = name
      type = nil
      self.value = value
      self.location = location
    }
  }

  /// A value.
  public enum Value: Sendable {
    /// Of an `int32` or `int64` field.
    case int(Int64)
    /// Of a `uint32` or `uint64` field.
    case uint(UInt64)
    /// Of a `float` field (and then a value that a `Float` can have) or a `double` field.
    case float(Double)
    /// Of a `bool` field.
    case bool(Bool)
    /// Of a `string` field.
    case string(String)
    /// Of a `bytes` field, or of a `string` field if they are not UTF-8.
    case bytes([UInt8])
    /// Of an enum field.
    case enumeration(name: String, number: Int)
    /// Of a message field, known or unknown.
    case message(Message)
    /// A word or number of an unknown field, as written (`AVE`, `-0.5`).
    case raw(String)
    /// The contents of an unknown field of a binary file, with its wire type.
    case wire(WireType, [UInt8])
  }
}

extension FieldType {
  /// Whether a value is of this field's kind and in its range.
  func accepts(_ value: Message.Value) -> Bool {
    switch (kind, value) {
    case (.int32, .int(let number)): Int32(exactly: number) != nil
    case (.uint32, .uint(let number)): UInt32(exactly: number) != nil
    case (.int64, .int), (.uint64, .uint), (.double, .float), (.bool, .bool): true
    case (.float, .float(let number)): number.isNaN || Double(Float(number)) == number
    case (.string, .string(let text)): !text.utf8.contains(0)
    case (.string, .bytes(let bytes)): !bytes.contains(0)
    case (.bytes, .bytes): true
    case (.enumeration(let type), .enumeration(let name, let number)): type.number(of: name) == number
    case (.message(let type), .message(let message)): message.type == type
    default: false
    }
  }
}
