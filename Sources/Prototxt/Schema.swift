import CProtobufC
import Synchronization

/// A kind of message: its name and fields, as protobuf-c's descriptor has them, or declared by a program for texts only.
///
/// Cheap to copy; one object for each descriptor in the program. Types that contain themselves are not supported.
public struct MessageType: Sendable, Hashable, CustomStringConvertible {
  let storage: Storage

  @safe
  final class Storage: Sendable {
    let name: String
    let fields: [FieldType]
    let indexByName: [String: Int]
    let indexByNumber: [Int: Int]
    let required: [FieldType]
    /// Fields by a hash of their names' bytes: a power of two of slots, -1 for none.
    private let slots: [Int]
    nonisolated(unsafe) let descriptor: UnsafePointer<ProtobufCMessageDescriptor>?

    init(name: String, fields: [FieldType], descriptor: UnsafePointer<ProtobufCMessageDescriptor>?) {
      self.name = name
      self.fields = fields
      indexByName = Dictionary(fields.enumerated().map { ($1.name, $0) }) { first, _ in first }
      indexByNumber = Dictionary(
        fields.enumerated().filter { !$1.storage.isTextOnly }.map { ($1.number, $0) }
      ) { first, _ in first }
      required = fields.filter { $0.label == .required }
      slots = MessageType.Storage.slots(fields)
      unsafe self.descriptor = descriptor
    }

    /// The field whose name these bytes are, or nil; makes no string.
    func field(_ name: ArraySlice<UInt8>) -> FieldType? {
      var slot = Storage.hash(name) & (slots.count - 1)
      while slots[slot] >= 0 {
        let field = fields[slots[slot]]
        if field.storage.nameBytes.elementsEqual(name) { return field }
        slot = (slot + 1) & (slots.count - 1)
      }
      return nil
    }

    private static func slots(_ fields: [FieldType]) -> [Int] {
      var size = 4
      while size < 2 * fields.count { size *= 2 }
      var slots = [Int](repeating: -1, count: size)
      for (index, field) in fields.enumerated() {
        var slot = hash(field.storage.nameBytes[...]) & (size - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
        slots[slot] = index
      }
      return slots
    }

    private static func hash(_ bytes: ArraySlice<UInt8>) -> Int {
      var hash: UInt32 = 0
      for byte in bytes { hash = hash &* 31 &+ UInt32(byte) }
      return Int((hash ^ (hash >> 15)) & 0x7FFF_FFFF)
    }
  }

  private static let known = Mutex<[UInt: Storage?]>([:])

  /// The type of a message inside of a field that no schema knows: it has no fields of its own.
  public static let unknown = unsafe MessageType(storage: Storage(name: "", fields: [], descriptor: nil))

  private init(storage: Storage) {
    self.storage = storage
  }

  /// The type that `descriptor`, made by protoc-c, describes.
  public init(_ descriptor: ProtobufCMessageDescriptor) {
    storage = MessageType.known.withLock { known in unsafe MessageType.storage(descriptor, &known) }
  }

  /// A type that no descriptor describes: all its fields are for texts only.
  public init(_ name: String, _ fields: [FieldType]) {
    storage = unsafe Storage(name: name, fields: fields, descriptor: nil)
  }

  /// The name without the package, such as `LayerParameter`; empty for `unknown`.
  public var name: String { storage.name }

  /// The fields in the order of their numbers; behind them those that are for texts only.
  public var fields: [FieldType] { storage.fields }

  /// The field named so, or nil.
  public func field(_ name: String) -> FieldType? {
    storage.indexByName[name].map { storage.fields[$0] }
  }

  /// The field with this number in the binary form, or nil.
  public func field(number: Int) -> FieldType? {
    storage.indexByNumber[number].map { storage.fields[$0] }
  }

  /// The name.
  public var description: String { name }

  /// Whether both are the same type.
  public static func == (a: MessageType, b: MessageType) -> Bool { a.storage === b.storage }

  /// Hashes the type's identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(storage)) }

  private static func storage(_ descriptor: ProtobufCMessageDescriptor, _ known: inout [UInt: Storage?]) -> Storage {
    let key = unsafe UInt(bitPattern: descriptor.name)
    if let entry = known[key] {
      guard let storage = entry else { preconditionFailure("a message type that contains itself is not supported") }
      return storage
    }
    known[key] = .some(nil)
    let copy = UnsafeMutablePointer<ProtobufCMessageDescriptor>.allocate(capacity: 1)
    unsafe copy.initialize(to: descriptor)
    let memory = MessageMemory()
    let defaults = unsafe UnsafeRawPointer(memory.empty(copy))
    var fields: [FieldType] = []
    for index in 0..<Int(unsafe descriptor.n_fields) {
      let field = unsafe descriptor.fields[index]
      let kind = unsafe kind(of: field, &known)
      unsafe fields.append(FieldType(field, kind: kind, defaults: defaults))
    }
    let storage = unsafe Storage(name: String(cString: descriptor.short_name), fields: fields, descriptor: copy)
    known[key] = storage
    return storage
  }

  private static func kind(
    of field: ProtobufCFieldDescriptor, _ known: inout [UInt: Storage?]
  ) -> FieldType.Kind {
    switch unsafe field.type {
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32: return .int32
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64: return .int64
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32: return .uint32
    case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64: return .uint64
    case PROTOBUF_C_TYPE_FLOAT: return .float
    case PROTOBUF_C_TYPE_DOUBLE: return .double
    case PROTOBUF_C_TYPE_BOOL: return .bool
    case PROTOBUF_C_TYPE_STRING: return .string
    case PROTOBUF_C_TYPE_BYTES: return .bytes
    case PROTOBUF_C_TYPE_ENUM:
      guard let pointer = unsafe field.descriptor else { preconditionFailure("an enum field without its enum") }
      return unsafe .enumeration(EnumType(pointer.assumingMemoryBound(to: ProtobufCEnumDescriptor.self).pointee))
    default:
      guard let pointer = unsafe field.descriptor else { preconditionFailure("a message field without its message") }
      let nested = unsafe pointer.assumingMemoryBound(to: ProtobufCMessageDescriptor.self).pointee
      return unsafe .message(MessageType(storage: storage(nested, &known)))
    }
  }
}

extension MessageType {
  /// What texts have besides a descriptor's fields.
  public struct Additions: Sendable {
    /// More fields, by the name of their message.
    public var fields: [String: [FieldType]]
    /// More values of enums, by the name of the enum.
    public var values: [String: [(name: String, number: Int)]]

    /// These additions. The fields must be for texts only.
    public init(fields: [String: [FieldType]], values: [String: [(name: String, number: Int)]] = [:]) {
      precondition(
        fields.values.joined().allSatisfy(\.storage.isTextOnly), "a field of a descriptor belongs to its own message")
      (self.fields, self.values) = (fields, values)
    }
  }

  /// The same types with additions, wherever in them the messages and enums are. The binary form has the descriptors' fields
  /// only. What contains an addition becomes a type of its own, once for all `types`.
  public static func adding(_ additions: Additions, in types: [MessageType]) -> [MessageType] {
    var copies: [MessageType: MessageType] = [:]
    return types.map { $0.adding(additions, &copies) }
  }

  private func adding(_ additions: Additions, _ copies: inout [MessageType: MessageType]) -> MessageType {
    if let copy = copies[self] { return copy }
    var fields = storage.fields.map { field in
      switch field.kind {
      case .message(let nested):
        let copy = nested.adding(additions, &copies)
        return copy == nested ? field : FieldType(field, .message(copy))
      case .enumeration(let type):
        guard let more = additions.values[type.name] else { return field }
        return FieldType(field, .enumeration(EnumType(type.name, type.values + more)))
      default: return field
      }
    }
    fields += additions.fields[name] ?? []
    let copy =
      fields == storage.fields
      ? self : unsafe MessageType(storage: Storage(name: name, fields: fields, descriptor: storage.descriptor))
    copies[self] = copy
    return copy
  }
}
