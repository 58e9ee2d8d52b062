/// A field that its message's schema does not have.
public struct UnknownField: Sendable {
  /// The way to it from the outermost message, such as `layer.pooling_param.ceil_mode`.
  public let path: String

  /// The name of the message's type, such as `PoolingParameter`.
  public let messageType: String

  /// The field's name; for a field of a binary file its number.
  public let name: String

  /// What it was given.
  public let value: Message.Value

  /// Where its name stands.
  public let location: SourceLocation?

  /// A known field of the same message with a name that is near.
  public let nearest: String?

  /// Where a field of exactly this name is known: nested messages' fields such as `convolution_param`, or the type of
  /// the message around.
  public let elsewhere: [String]

  /// The field as an error or a warning.
  public func diagnostic(severity: Diagnostic.Severity = .error) -> Diagnostic {
    var message = "\(messageType) has no field '\(name)'"
    if !elsewhere.isEmpty {
      message += "; it belongs in \(elsewhere.prefix(3).joined(separator: " or "))"
    }
    return Diagnostic(message, at: location, severity: severity, suggestion: elsewhere.isEmpty ? nearest : nil)
  }
}

extension Message {
  /// All fields, here and in nested messages, that the schema does not have; those inside of an unknown message are
  /// not listed.
  public func unknownFields() -> [UnknownField] {
    var found: [UnknownField] = []
    collect(&found, path: "", around: nil)
    return found
  }

  private func collect(_ found: inout [UnknownField], path: String, around outer: MessageType?) {
    for field in fields {
      if field.type == nil {
        let known = type.fields.lazy.map(\.name)
        found.append(
          UnknownField(
            path: path + field.name, messageType: type.name, name: field.name, value: field.value,
            location: field.location, nearest: field.name.nearest(in: known), elsewhere: homes(of: field.name, outer)))
      } else if case .message(let nested) = field.value, nested.hasUnknown {
        nested.collect(&found, path: path + field.name + ".", around: type)
      }
    }
  }

  /// Whether there is an unknown field here or below.
  private var hasUnknown: Bool {
    fields.contains { field in
      if field.type == nil { return true }
      if case .message(let nested) = field.value { return nested.hasUnknown }
      return false
    }
  }

  private func homes(of name: String, _ outer: MessageType?) -> [String] {
    var homes = type.fields.compactMap { field -> String? in
      guard case .message(let nested) = field.kind, nested.field(name) != nil else { return nil }
      return "'\(field.name)'"
    }
    if let outer, outer.field(name) != nil { homes.insert(outer.name, at: 0) }
    return homes
  }
}
