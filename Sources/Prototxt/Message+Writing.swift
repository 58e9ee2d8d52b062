extension Message {
  /// Makes `value` the field's only value, at the place of its first one or else at the end.
  ///
  /// A value of another kind, or out of the field's range, traps.
  public mutating func set(_ field: String, _ value: Value) {
    let type = checked(field, value)
    if let index = fields.firstIndex(where: { $0.type == type }) {
      fields[index].value = value
      removeAll(type, after: index)
    } else {
      fields.append(Field(type, value))
    }
  }

  /// Adds a value of a repeated field at the end.
  public mutating func append(_ field: String, _ value: Value, location: SourceLocation? = nil) {
    let type = checked(field, value)
    precondition(type.isRepeated, "field '\(field)' of \(self.type.name) is not repeated")
    fields.append(Field(type, value, location: location))
  }

  /// Removes all values of the field.
  public mutating func remove(_ field: String) {
    let type = known(field)
    fields.removeAll { $0.type == type }
  }

  /// Sets a number of any kind to a whole number.
  public mutating func set(_ field: String, _ value: Int) { set(field, converted(field, value)) }

  /// Sets a `float` or `double` field.
  public mutating func set(_ field: String, _ value: Float) { set(field, .float(Double(value))) }

  /// Sets a `bool` field.
  public mutating func set(_ field: String, _ value: Bool) { set(field, .bool(value)) }

  /// Sets a `string` field, or an enum field by name.
  public mutating func set(_ field: String, _ value: String) { set(field, converted(field, value)) }

  /// Sets a message field; its place is the message's.
  public mutating func set(_ field: String, _ value: Message) {
    set(field, .message(value))
    if let index = fields.firstIndex(where: { $0.type == known(field) }) { fields[index].location = value.location }
  }

  /// Makes these the values of a repeated message field.
  public mutating func set(_ field: String, _ values: [Message]) {
    replace(field, values.map { Field(checked(field, .message($0)), .message($0), location: $0.location) })
  }

  /// Makes these the values of a repeated field of numbers.
  public mutating func set(_ field: String, _ values: [Int]) {
    replace(field, values.map { Field(known(field), converted(field, $0)) })
  }

  /// Makes these the values of a repeated `float` or `double` field.
  public mutating func set(_ field: String, _ values: [Float]) {
    replace(field, values.map { Field(known(field), .float(Double($0))) })
  }

  /// Makes these the values of a repeated `bool` field.
  public mutating func set(_ field: String, _ values: [Bool]) {
    replace(field, values.map { Field(known(field), .bool($0)) })
  }

  /// Makes these the values of a repeated `string` or enum field.
  public mutating func set(_ field: String, _ values: [String]) {
    replace(field, values.map { Field(known(field), converted(field, $0)) })
  }

  /// Adds a whole number to a repeated field of numbers.
  public mutating func append(_ field: String, _ value: Int) { append(field, converted(field, value)) }

  /// Adds a number to a repeated `float` or `double` field.
  public mutating func append(_ field: String, _ value: Float) { append(field, .float(Double(value))) }

  /// Adds a text to a repeated `string` field, or a name to a repeated enum field.
  public mutating func append(_ field: String, _ value: String) { append(field, converted(field, value)) }

  /// Adds a truth value to a repeated `bool` field.
  public mutating func append(_ field: String, _ value: Bool) { append(field, .bool(value)) }

  /// Adds a message to a repeated field; its place is the message's.
  public mutating func append(_ field: String, _ value: Message) {
    append(field, .message(value), location: value.location)
  }

  private mutating func replace(_ field: String, _ values: [Field]) {
    let type = known(field)
    precondition(type.isRepeated, "field '\(field)' of \(self.type.name) is not repeated")
    for value in values { _ = checked(field, value.value) }
    let place = fields.firstIndex { $0.type == type } ?? fields.count
    fields.removeAll { $0.type == type }
    fields.insert(contentsOf: values, at: min(place, fields.count))
  }

  private mutating func removeAll(_ type: FieldType, after index: Int) {
    for other in fields.indices.reversed() where other > index && fields[other].type == type {
      fields.remove(at: other)
    }
  }

  private func checked(_ field: String, _ value: Value) -> FieldType {
    let type = known(field)
    precondition(type.accepts(value), "field '\(field)' of \(self.type.name) cannot be \(value)")
    return type
  }

  private func converted(_ field: String, _ value: Int) -> Value {
    switch known(field).kind {
    case .uint32, .uint64:
      precondition(value >= 0, "field '\(field)' of \(type.name) cannot be \(value)")
      return .uint(UInt64(value))
    case .float: return .float(Double(Float(value)))
    case .double: return .float(Double(value))
    default: return .int(Int64(value))
    }
  }

  private func converted(_ field: String, _ value: String) -> Value {
    guard case .enumeration(let type) = known(field).kind else { return .string(value) }
    guard let number = type.number(of: value) else { preconditionFailure("\(type.name) has no value '\(value)'") }
    return .enumeration(name: value, number: number)
  }
}
