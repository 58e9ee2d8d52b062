import CProtobufC

extension Message {
  /// Unpacks a binary message.
  ///
  /// Fields come in the order of their numbers; what the schema does not have comes last, as `Value.wire`. Meant for
  /// definitions and small messages: every number becomes a field. Weights are read by `WireReader`.
  ///
  /// - Parameter file: the file's name, for errors.
  /// - Throws: the first fault, with the offset of the byte.
  public init(binary bytes: Span<UInt8>, as type: MessageType, file: String = "") throws(Diagnostic) {
    let reader = WireReader(0..<bytes.count, file: file)
    try WireCheck.check(bytes, reader, type)
    let unpacked = unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe protobuf_c_message_unpack(type.storage.descriptor, nil, bytes.count, bytes.baseAddress)
    }
    guard let unpacked = unsafe unpacked else {
      throw reader.fault("protobuf-c cannot unpack this as \(type.name)", at: 0)
    }
    defer { unsafe protobuf_c_message_free_unpacked(unpacked, nil) }
    self = unsafe MessageMemory.read(UnsafeRawPointer(unpacked), as: type)
  }

  /// Unpacks a binary message.
  ///
  /// - Throws: the first fault, with the offset of the byte.
  public init(binary bytes: [UInt8], as type: MessageType, file: String = "") throws(Diagnostic) {
    try self.init(binary: bytes.span, as: type, file: file)
  }

  /// The message in binary form: known fields in the order of their numbers, then unknown ones of binary files.
  /// Fields that are unknown, or for texts only, have no binary form and are left out.
  public func binary() -> [UInt8] {
    let memory = MessageMemory()
    let root = unsafe memory.write(self).assumingMemoryBound(to: ProtobufCMessage.self)
    let size = unsafe protobuf_c_message_get_packed_size(root)
    return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      guard let address = buffer.baseAddress, size > 0 else { return }
      count = unsafe protobuf_c_message_pack(root, address)
    }
  }
}

/// Messages in the memory layout of protoc-c's structs; owns what it allocates.
@safe
final class MessageMemory {
  private var blocks: [UnsafeMutableRawPointer] = unsafe []

  init() {}

  deinit {
    unsafe blocks.forEach { unsafe $0.deallocate() }
  }

  /// A zeroed block that lives as long as this object.
  private func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    let block = UnsafeMutableRawPointer.allocate(byteCount: max(size, 1), alignment: 16)
    unsafe block.initializeMemory(as: UInt8.self, repeating: 0, count: max(size, 1))
    unsafe blocks.append(block)
    return unsafe block
  }

  /// A message in which no field is set.
  func empty(_ descriptor: UnsafePointer<ProtobufCMessageDescriptor>) -> UnsafeMutableRawPointer {
    let message = unsafe allocate(descriptor.pointee.sizeof_message)
    unsafe protobuf_c_message_init(descriptor, message)
    return unsafe message
  }
}

// MARK: From C

extension MessageMemory {
  static func read(_ memory: UnsafeRawPointer, as type: MessageType) -> Message {
    var message = Message(type)
    for field in type.fields where !field.storage.isTextOnly {
      let storage = field.storage
      let member = unsafe memory + storage.offset
      let quantifier = unsafe memory + storage.quantifierOffset
      if field.isRepeated {
        let count = unsafe quantifier.loadUnaligned(as: Int.self)
        guard count > 0, let elements = unsafe member.load(as: UnsafeRawPointer?.self) else { continue }
        for index in 0..<count {
          unsafe append(field, elements + index * stride(field.kind), to: &message)
        }
      } else if unsafe isSet(storage, member, quantifier) {
        unsafe append(field, member, to: &message)
      }
    }
    let base = unsafe memory.assumingMemoryBound(to: ProtobufCMessage.self).pointee
    for index in 0..<Int(unsafe base.n_unknown_fields) {
      let unknown = unsafe base.unknown_fields[index]
      let bytes = unsafe Array(UnsafeBufferPointer(start: unknown.data, count: unknown.len))
      guard let wire = unsafe WireType(rawValue: UInt8(unknown.wire_type.rawValue)) else { continue }
      message.fields.append(Message.Field(unknown: String(unsafe unknown.tag), .wire(wire, bytes)))
    }
    return message
  }

  private static func isSet(
    _ field: FieldType.Storage, _ member: UnsafeRawPointer, _ quantifier: UnsafeRawPointer
  ) -> Bool {
    if field.label == .required { return true }
    switch field.kind {
    case .string, .message:
      let address = unsafe member.load(as: UInt.self)
      return address != 0 && address != field.defaultAddress
    default:
      return unsafe quantifier.load(as: protobuf_c_boolean.self) != 0
    }
  }

  private static func append(_ field: FieldType, _ member: UnsafeRawPointer, to message: inout Message) {
    if case .message(let type) = field.kind {
      guard let nested = unsafe member.load(as: UnsafeRawPointer?.self) else { return }
      unsafe message.fields.append(Message.Field(field, .message(read(nested, as: type))))
    } else if let value = unsafe scalar(field.kind, at: member) {
      message.fields.append(Message.Field(field, value))
    } else {
      let number = unsafe member.load(as: Int32.self)
      var writer = WireWriter()
      writer.varint(UInt64(bitPattern: Int64(number)))
      message.fields.append(Message.Field(unknown: String(field.number), .wire(.varint, writer.bytes)))
    }
  }

  /// The value in memory; nil for messages and for numbers that an enum does not have.
  static func scalar(_ kind: FieldType.Kind, at member: UnsafeRawPointer) -> Message.Value? {
    switch kind {
    case .int32: return unsafe .int(Int64(member.load(as: Int32.self)))
    case .int64: return unsafe .int(member.load(as: Int64.self))
    case .uint32: return unsafe .uint(UInt64(member.load(as: UInt32.self)))
    case .uint64: return unsafe .uint(member.load(as: UInt64.self))
    case .float: return unsafe .float(Double(member.load(as: Float.self)))
    case .double: return unsafe .float(member.load(as: Double.self))
    case .bool: return unsafe .bool(member.load(as: protobuf_c_boolean.self) != 0)
    case .enumeration(let type):
      let number = unsafe Int(member.load(as: Int32.self))
      return type.name(of: number).map { .enumeration(name: $0, number: number) }
    case .string:
      guard let text = unsafe member.load(as: UnsafePointer<UInt8>?.self) else { return .string("") }
      var length = 0
      while unsafe text[length] != 0 { length += 1 }
      let bytes = unsafe UnsafeBufferPointer(start: text, count: length)
      return unsafe String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .bytes(Array(bytes))
    case .bytes:
      let data = unsafe member.load(as: ProtobufCBinaryData.self)
      return unsafe .bytes(Array(UnsafeBufferPointer(start: data.data, count: data.len)))
    case .message: return nil
    }
  }

  private static func stride(_ kind: FieldType.Kind) -> Int {
    switch kind {
    case .int32, .uint32, .float, .enumeration: 4
    case .bool: MemoryLayout<protobuf_c_boolean>.stride
    case .int64, .uint64, .double: 8
    case .string, .message: unsafe MemoryLayout<UnsafeRawPointer>.stride
    case .bytes: unsafe MemoryLayout<ProtobufCBinaryData>.stride
    }
  }
}

// MARK: To C

extension MessageMemory {
  /// The message as a struct of protoc-c's; valid as long as this object.
  func write(_ message: Message) -> UnsafeMutableRawPointer {
    guard let descriptor = unsafe message.type.storage.descriptor else {
      preconditionFailure("a message of an unknown type has no binary form")
    }
    let memory = unsafe empty(descriptor)
    for field in message.type.fields where !field.storage.isTextOnly {
      let values = message.fields.filter { $0.type == field }
      guard let last = values.last else { continue }
      let member = unsafe memory + field.storage.offset
      let quantifier = unsafe memory + field.storage.quantifierOffset
      if field.isRepeated {
        let stride = MessageMemory.stride(field.kind)
        let elements = unsafe allocate(values.count * stride)
        for (index, value) in values.enumerated() {
          unsafe store(value.value, field.kind, at: elements + index * stride)
        }
        unsafe quantifier.storeBytes(of: values.count, as: Int.self)
        unsafe member.storeBytes(of: elements, as: UnsafeMutableRawPointer.self)
      } else {
        switch field.kind {
        case .string, .message: break
        default:
          if field.label == .optional { unsafe quantifier.storeBytes(of: 1, as: protobuf_c_boolean.self) }
        }
        unsafe store(last.value, field.kind, at: member)
      }
    }
    unsafe writeUnknown(message, memory)
    return unsafe memory
  }

  private func writeUnknown(_ message: Message, _ memory: UnsafeMutableRawPointer) {
    let unknown = message.fields.compactMap { field -> (UInt32, WireType, [UInt8])? in
      guard case .wire(let type, let bytes) = field.value, let number = UInt32(field.name) else { return nil }
      return (number, type, bytes)
    }
    guard !unknown.isEmpty else { return }
    let stride = unsafe MemoryLayout<ProtobufCMessageUnknownField>.stride
    let block = unsafe allocate(unknown.count * stride)
    let fields = unsafe block.bindMemory(to: ProtobufCMessageUnknownField.self, capacity: unknown.count)
    for (index, (number, type, bytes)) in unknown.enumerated() {
      unsafe fields[index].tag = number
      unsafe fields[index].wire_type = ProtobufCWireType(rawValue: ProtobufCWireType.RawValue(type.rawValue))
      unsafe fields[index].len = bytes.count
      unsafe fields[index].data = copy(bytes)
    }
    let base = unsafe memory.assumingMemoryBound(to: ProtobufCMessage.self)
    unsafe base.pointee.n_unknown_fields = UInt32(unknown.count)
    unsafe base.pointee.unknown_fields = fields
  }

  private func store(_ value: Message.Value, _ kind: FieldType.Kind, at member: UnsafeMutableRawPointer) {
    switch (kind, value) {
    case (.int32, .int(let number)): unsafe member.storeBytes(of: Int32(truncatingIfNeeded: number), as: Int32.self)
    case (.uint32, .uint(let number)): unsafe member.storeBytes(of: UInt32(truncatingIfNeeded: number), as: UInt32.self)
    case (.int64, .int(let number)): unsafe member.storeBytes(of: number, as: Int64.self)
    case (.uint64, .uint(let number)): unsafe member.storeBytes(of: number, as: UInt64.self)
    case (.float, .float(let number)): unsafe member.storeBytes(of: Float(number), as: Float.self)
    case (.double, .float(let number)): unsafe member.storeBytes(of: number, as: Double.self)
    case (.bool, .bool(let flag)): unsafe member.storeBytes(of: flag ? 1 : 0, as: protobuf_c_boolean.self)
    case (.enumeration, .enumeration(_, let number)):
      unsafe member.storeBytes(of: Int32(truncatingIfNeeded: number), as: Int32.self)
    case (.string, .string(let text)):
      unsafe member.storeBytes(of: copy(Array(text.utf8) + [0]), as: UnsafeMutablePointer<UInt8>.self)
    case (.string, .bytes(let bytes)):
      unsafe member.storeBytes(of: copy(bytes + [0]), as: UnsafeMutablePointer<UInt8>.self)
    case (.bytes, .bytes(let bytes)): unsafe store(bytes, at: member)
    case (.bytes, .string(let text)): unsafe store(Array(text.utf8), at: member)
    case (.message, .message(let nested)):
      unsafe member.storeBytes(of: write(nested), as: UnsafeMutableRawPointer.self)
    default: preconditionFailure("a field has a value of another kind: \(value)")
    }
  }

  private func store(_ bytes: [UInt8], at member: UnsafeMutableRawPointer) {
    unsafe member.storeBytes(
      of: ProtobufCBinaryData(len: bytes.count, data: copy(bytes)), as: ProtobufCBinaryData.self)
  }

  private func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<UInt8> {
    let block = unsafe allocate(bytes.count)
    unsafe block.copyMemory(from: bytes, byteCount: bytes.count)
    return unsafe block.assumingMemoryBound(to: UInt8.self)
  }
}
