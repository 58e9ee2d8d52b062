import Prototxt

extension Message {
  /// All values of a field, with their places.
  func values(_ name: String) -> [Field] { fields.filter { $0.type?.name == name } }

  /// Gives a field of this message a value that comes from elsewhere, and keeps its place.
  ///
  /// A repeated field gets one more value, another one gets this value instead of what it had.
  ///
  /// - Throws: a number that the field cannot hold.
  mutating func take(_ field: Field, as name: String) throws(Diagnostic) {
    guard let type = type.field(name) else { preconditionFailure("\(self.type.name) has no field '\(name)'") }
    let value = try type.converted(field)
    if !type.isRepeated { remove(name) }
    fields.append(Field(type, value, location: field.location))
  }

  /// The same for a field of the message in the field `parameter`, which is made if need be.
  mutating func take(_ field: Field, as name: String, in parameter: String) throws(Diagnostic) {
    var inner = message(parameter)
    if !has(parameter) { inner.location = field.location }
    try inner.take(field, as: name)
    set(parameter, inner)
  }

  /// Replaces the messages of a field by what `change` makes of them.
  mutating func update(
    _ name: String, _ change: (inout Message) throws(Diagnostic) -> Void
  ) throws(Diagnostic) {
    for index in fields.indices where fields[index].type?.name == name {
      guard case .message(var inner) = fields[index].value else { continue }
      try change(&inner)
      fields[index].value = .message(inner)
    }
  }
}

extension FieldType {
  /// A field's value as this field may have it: enums by name, whole numbers with another sign.
  fileprivate func converted(_ field: Message.Field) throws(Diagnostic) -> Message.Value {
    switch (kind, field.value) {
    case (.enumeration(let type), .enumeration(let name, _)):
      guard let number = type.number(of: name) else { break }
      return .enumeration(name: name, number: number)
    case (.uint32, .int(let number)), (.uint64, .int(let number)):
      guard let positive = UInt64(exactly: number) else { break }
      return .uint(positive)
    case (.int32, .uint(let number)), (.int64, .uint(let number)):
      guard let signed = Int32(exactly: number) else { break }
      return .int(Int64(signed))
    default: return field.value
    }
    throw Diagnostic(
      "'\(field.name)' cannot become '\(name)' of the current format, which cannot hold this value", at: field.location)
  }
}
