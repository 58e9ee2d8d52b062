extension Message {
  /// Whether the field is there, even if with its default or as an empty message.
  public func has(_ field: String) -> Bool {
    let type = known(field)
    return fields.contains { $0.type == type }
  }

  /// How often the field is there.
  public func count(_ field: String) -> Int {
    let type = known(field)
    return fields.count { $0.type == type }
  }

  /// The whole number, or the default.
  public func int(_ field: String) -> Int { Message.int(single(field), field) }

  /// The number of a `float` or `double` field, or the default, as `Float`.
  public func float(_ field: String) -> Float { Float(double(field)) }

  /// The number of a `float` or `double` field, or the default.
  public func double(_ field: String) -> Double { Message.double(single(field), field) }

  /// True or false, or the default.
  public func bool(_ field: String) -> Bool { Message.bool(single(field), field) }

  /// The text, or the default; bytes that are not UTF-8 are replaced by U+FFFD.
  public func string(_ field: String) -> String { Message.string(single(field), field) }

  /// The bytes of a `bytes` or `string` field, or the default.
  public func bytes(_ field: String) -> [UInt8] {
    switch single(field) {
    case .bytes(let bytes): bytes
    case .string(let text): Array(text.utf8)
    default: mistaken(field)
    }
  }

  /// The name of the enum's value, or of the default.
  public func enumeration(_ field: String) -> String {
    guard case .enumeration(let name, _) = single(field) else { mistaken(field) }
    return name
  }

  /// The message; an empty one of the right type at this message's place if there is none.
  public func message(_ field: String) -> Message {
    let type = known(field)
    guard case .message(let nested) = type.kind, !type.isRepeated else { mistaken(field) }
    if case .message(let message)? = fields.last(where: { $0.type == type })?.value { return message }
    return Message(nested, location: location)
  }

  /// All whole numbers of a repeated field.
  public func ints(_ field: String) -> [Int] { several(field).map { Message.int($0, field) } }

  /// All numbers of a repeated `float` or `double` field, as `Float`.
  public func floats(_ field: String) -> [Float] { several(field).map { Float(Message.double($0, field)) } }

  /// All truth values of a repeated field.
  public func bools(_ field: String) -> [Bool] { several(field).map { Message.bool($0, field) } }

  /// All texts of a repeated field.
  public func strings(_ field: String) -> [String] { several(field).map { Message.string($0, field) } }

  /// All messages of a repeated field.
  public func messages(_ field: String) -> [Message] {
    several(field).map { value in
      guard case .message(let message) = value else { mistaken(field) }
      return message
    }
  }

  /// The place of the field's value number `index`; the message's own place if it is absent or has none.
  public func location(of field: String, index: Int = 0) -> SourceLocation? {
    let type = known(field)
    let found = fields.lazy.filter { $0.type == type }.dropFirst(index).first
    return found?.location ?? location
  }

  /// An error about the field's value number `index`, at its place.
  public func error(
    _ field: String, index: Int = 0, _ message: String, suggesting suggestion: String? = nil
  ) -> Diagnostic {
    Diagnostic(message, at: location(of: field, index: index), suggestion: suggestion)
  }

  /// The schema's field; traps if the type has none.
  func known(_ field: String) -> FieldType {
    guard let found = type.field(field) else { preconditionFailure("\(type.name) has no field '\(field)'") }
    return found
  }

  private func single(_ field: String) -> Value {
    let type = known(field)
    precondition(!type.isRepeated, "field '\(field)' of \(self.type.name) is repeated")
    if let found = fields.last(where: { $0.type == type }) { return found.value }
    guard let value = type.defaultValue else { mistaken(field) }
    return value
  }

  private func several(_ field: String) -> [Value] {
    let type = known(field)
    precondition(type.isRepeated, "field '\(field)' of \(self.type.name) is not repeated")
    return fields.lazy.filter { $0.type == type }.map(\.value)
  }

  private func mistaken(_ field: String) -> Never {
    preconditionFailure("field '\(field)' of \(type.name) is not of the kind that was asked for")
  }

  private static func mistaken(_ field: String) -> Never {
    preconditionFailure("field '\(field)' is not of the kind that was asked for")
  }

  private static func int(_ value: Value, _ field: String) -> Int {
    switch value {
    case .int(let number): Int(clamping: number)
    case .uint(let number): Int(clamping: number)
    default: mistaken(field)
    }
  }

  private static func double(_ value: Value, _ field: String) -> Double {
    guard case .float(let number) = value else { mistaken(field) }
    return number
  }

  private static func bool(_ value: Value, _ field: String) -> Bool {
    guard case .bool(let flag) = value else { mistaken(field) }
    return flag
  }

  private static func string(_ value: Value, _ field: String) -> String {
    switch value {
    case .string(let text): text
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    default: mistaken(field)
    }
  }
}
