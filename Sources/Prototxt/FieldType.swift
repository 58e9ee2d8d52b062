import CProtobufC

/// A field of a message type, as protobuf-c's descriptor has it, or declared by a program for texts only.
public struct FieldType: Sendable, Hashable, CustomStringConvertible {
  /// How often a field may stand in a message.
  public enum Label: Sendable {
    /// Once or not at all.
    case optional
    /// Exactly once.
    case required
    /// Any number of times.
    case repeated
  }

  /// What values a field has.
  public enum Kind: Sendable, Equatable {
    /// A whole number that fits `Int32`.
    case int32
    /// A whole number that fits `Int64`.
    case int64
    /// A whole number that fits `UInt32`.
    case uint32
    /// A whole number that fits `UInt64`.
    case uint64
    /// A number with the precision of `Float`.
    case float
    /// A number with the precision of `Double`.
    case double
    /// True or false.
    case bool
    /// Text.
    case string
    /// Bytes.
    case bytes
    /// One of the names of an enum.
    case enumeration(EnumType)
    /// A message.
    case message(MessageType)
  }

  let storage: Storage

  @safe
  final class Storage: Sendable {
    let name: String
    let nameBytes: [UInt8]
    let number: Int
    let label: Label
    let kind: Kind
    let packed: Bool
    let hasDefault: Bool
    let defaultValue: Message.Value?
    let type: ProtobufCType
    let offset: Int
    let quantifierOffset: Int
    let defaultAddress: UInt
    let isTextOnly: Bool

    init(_ field: ProtobufCFieldDescriptor, kind: Kind, defaults: UnsafeRawPointer) {
      unsafe name = String(cString: field.name)
      nameBytes = Array(name.utf8)
      number = Int(unsafe field.id)
      switch unsafe field.label {
      case PROTOBUF_C_LABEL_REQUIRED: label = .required
      case PROTOBUF_C_LABEL_REPEATED: label = .repeated
      default: label = .optional
      }
      self.kind = kind
      packed = unsafe field.flags & UInt32(PROTOBUF_C_FIELD_FLAG_PACKED.rawValue) != 0
      hasDefault = unsafe field.default_value != nil
      unsafe type = field.type
      offset = Int(unsafe field.offset)
      quantifierOffset = Int(unsafe field.quantifier_offset)
      defaultAddress = unsafe UInt(bitPattern: field.default_value)
      isTextOnly = false
      if label == .repeated {
        defaultValue = nil
      } else {
        defaultValue = unsafe MessageMemory.scalar(kind, at: defaults + Int(field.offset))
      }
    }

    init(_ other: Storage, _ kind: Kind) {
      (name, nameBytes, number, label) = (other.name, other.nameBytes, other.number, other.label)
      (self.kind, packed, hasDefault, defaultValue) = (kind, other.packed, other.hasDefault, other.defaultValue)
      (type, offset, quantifierOffset) = (other.type, other.offset, other.quantifierOffset)
      (defaultAddress, isTextOnly) = (other.defaultAddress, other.isTextOnly)
    }

    init(_ name: String, _ number: Int, _ kind: Kind, _ label: Label, _ given: Message.Value?) {
      (self.name, nameBytes, self.number) = (name, Array(name.utf8), number)
      (self.kind, self.label, packed) = (kind, label, false)
      hasDefault = given != nil
      defaultValue = label == .repeated ? nil : given ?? kind.zero
      (type, offset, quantifierOffset, defaultAddress) = (PROTOBUF_C_TYPE_INT32, 0, 0, 0)
      isTextOnly = true
    }
  }

  init(_ field: ProtobufCFieldDescriptor, kind: Kind, defaults: UnsafeRawPointer) {
    storage = unsafe Storage(field, kind: kind, defaults: defaults)
  }

  /// The same field for another type of messages, or another enum.
  init(_ other: FieldType, _ kind: Kind) { storage = Storage(other.storage, kind) }

  /// A field that no descriptor has: it is read and printed as text, and has no binary form.
  ///
  /// - Parameter given: its default; zero, false, empty, or the enum's first value if there is none.
  public init(
    _ name: String, number: Int, _ kind: Kind, label: Label = .optional, default given: Message.Value? = nil
  ) {
    storage = Storage(name, number, kind, label, given)
    precondition(given == nil || given.map(accepts) == true, "the default of '\(name)' is of another kind")
  }

  /// The name, such as `kernel_size`.
  public var name: String { storage.name }

  /// The number in the binary form.
  public var number: Int { storage.number }

  /// How often it may stand in a message.
  public var label: Label { storage.label }

  /// Whether it may stand in a message several times.
  public var isRepeated: Bool { storage.label == .repeated }

  /// What values it has.
  public var kind: Kind { storage.kind }

  /// Whether the binary form of its values is one run instead of a tag for each.
  public var packed: Bool { storage.packed }

  /// Whether the schema writes a default for it.
  public var hasExplicitDefault: Bool { storage.hasDefault }

  /// What the field is if it is absent: the schema's default or else zero, false, empty, or the enum's first value.
  /// Nil for repeated fields and messages.
  public var defaultValue: Message.Value? { storage.defaultValue }

  /// The name.
  public var description: String { name }

  /// Whether both are the same field of the same message type.
  public static func == (a: FieldType, b: FieldType) -> Bool { a.storage === b.storage }

  /// Hashes the field's identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(storage)) }
}

extension FieldType.Kind {
  /// The value of a field that is absent and has no default; nil for messages.
  var zero: Message.Value? {
    switch self {
    case .int32, .int64: .int(0)
    case .uint32, .uint64: .uint(0)
    case .float, .double: .float(0)
    case .bool: .bool(false)
    case .string: .string("")
    case .bytes: .bytes([])
    case .enumeration(let type): type.values.first.map { .enumeration(name: $0.name, number: $0.number) }
    case .message: nil
    }
  }

  /// What a value of the field is called in messages, such as "a whole number".
  var noun: String {
    switch self {
    case .int32, .int64, .uint32, .uint64: "a whole number"
    case .float, .double: "a number"
    case .bool: "true or false"
    case .string: "a string"
    case .bytes: "a string of bytes"
    case .enumeration(let type): "a name of \(type.name)"
    case .message(let type): "a message (\(type.name))"
    }
  }
}

/// An enum: names with numbers, as protobuf-c's descriptor has them.
public struct EnumType: Sendable, Hashable, CustomStringConvertible {
  /// The name without package and message, such as `PoolMethod`.
  public var name: String { storage.name }

  /// The names and numbers in the order of the numbers.
  public var values: [(name: String, number: Int)] { storage.values }

  private let storage: Storage

  private final class Storage: Sendable {
    let name: String
    let values: [(name: String, number: Int)]

    init(_ name: String, _ values: [(name: String, number: Int)]) { (self.name, self.values) = (name, values) }

    init(_ descriptor: ProtobufCEnumDescriptor) {
      unsafe name = String(cString: descriptor.short_name)
      values = (0..<Int(unsafe descriptor.n_values)).map { index in
        let value = unsafe descriptor.values[index]
        return unsafe (String(cString: value.name), Int(value.value))
      }
    }
  }

  /// The enum that `descriptor`, made by protoc-c, describes.
  init(_ descriptor: ProtobufCEnumDescriptor) {
    storage = unsafe Storage(descriptor)
  }

  /// An enum that no descriptor has; the values in the order of their numbers.
  public init(_ name: String, _ values: [(name: String, number: Int)]) { storage = Storage(name, values) }

  /// The number of the value named so, or nil.
  public func number(of name: String) -> Int? {
    storage.values.first { $0.name == name }?.number
  }

  /// The name of the value with this number, or nil.
  public func name(of number: Int) -> String? {
    storage.values.first { $0.number == number }?.name
  }

  /// The name.
  public var description: String { name }

  /// Whether both have the same name and values.
  public static func == (a: EnumType, b: EnumType) -> Bool {
    a.storage === b.storage || (a.name == b.name && a.values.elementsEqual(b.values) { $0 == $1 })
  }

  /// Hashes the name.
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
