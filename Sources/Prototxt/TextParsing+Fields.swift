extension TextParsing {
  /// Reads a field, of which the current token is the name.
  mutating func parseField(_ message: inout Message) {
    let name = token
    advance()
    let colon = accept(":")
    if let field = message.type.storage.field(bytes[name.start..<name.end]) {
      if case .message(let type) = field.kind {
        parseMessages(&message, field, type, name)
      } else {
        parseScalars(&message, field, name, colon: colon)
      }
    } else {
      suspect(name)
      parseUnknown(&message, text(name), name, colon: colon)
    }
    if !accept(";") { _ = accept(",") }
  }

  private mutating func parseMessages(
    _ message: inout Message, _ field: FieldType, _ type: MessageType, _ name: Token
  ) {
    if isSymbol("[") {
      parseList(field, name) { parsing in
        guard parsing.opensMessage else { return parsing.expectBrace(name, type) }
        let nested = parsing.parseBlock(type, name)
        message.fields.append(Message.Field(field, .message(nested), location: nested.location))
        return true
      }
      return
    }
    guard opensMessage else {
      if !expectBrace(name, type) { recover() }
      return
    }
    let nested = parseBlock(type, name)
    append(&message, Message.Field(field, .message(nested), location: nested.location))
  }

  private mutating func expectBrace(_ name: Token, _ type: MessageType) -> Bool {
    complain("'\(text(name))' is a message (\(type.name)): expected '{', not \(shown)", at: token.start)
    return false
  }

  private mutating func parseScalars(_ message: inout Message, _ field: FieldType, _ name: Token, colon: Bool) {
    if opensMessage {
      report(
        Diagnostic("'\(field.name)' is \(field.kind.noun), not a message: expected ':'", at: location(token.start)))
      skipOne()
      return
    }
    if !colon {
      complain("expected ':' after '\(field.name)'", at: name.end)
      guard !token.startsLine, !closesMessage, !isSymbol(":") else { return recover(unlessAtLine: true) }
    }
    if isSymbol("[") {
      parseList(field, name) { parsing in
        let place = parsing.location(parsing.token.start)
        guard let value = parsing.parseScalar(field) else { return false }
        message.fields.append(Message.Field(field, value, location: place))
        return true
      }
      return
    }
    let place = location(token.start)
    if let value = parseScalar(field) { append(&message, Message.Field(field, value, location: place)) }
  }

  private mutating func recover(unlessAtLine: Bool) {
    if !token.startsLine { recover() }
  }

  /// Reads a list in brackets, each element by `element`, which says whether it could.
  private mutating func parseList(_ field: FieldType, _ name: Token, _ element: (inout TextParsing) -> Bool) {
    let bracket = token
    if !field.isRepeated {
      report(Diagnostic("'\(field.name)' has one value, not a list", at: location(bracket.start)))
      skipOne()
      return
    }
    parseElements(bracket, element)
  }

  private mutating func parseElements(_ bracket: Token, _ element: (inout TextParsing) -> Bool) {
    advance()
    if accept("]") { return }
    while token.kind != .end {
      if isSymbol(",") || isSymbol("]") || closesMessage {
        complain("expected a value, not \(shown)", at: token.start)
      } else {
        _ = element(&self)
      }
      if accept("]") { return }
      if accept(",") { continue }
      let here = Diagnostic("'[' is here", at: location(bracket.start), severity: .note)
      complain("expected ',' or ']' in the list, not \(shown)", at: token.start, notes: [here])
      while token.kind != .end, !isSymbol("]"), !closesMessage, !token.startsLine { skipOne() }
      _ = accept("]")
      return
    }
    complain("the ']' that closes the list is missing", at: bracket.start)
  }

  /// Adds a value, unless the field has one already and may have only one.
  private mutating func append(_ message: inout Message, _ field: Message.Field) {
    if let type = field.type, !type.isRepeated, let first = message.fields.first(where: { $0.type == type }) {
      let note = Diagnostic("the first one is here", at: first.location, severity: .note)
      report(
        Diagnostic("'\(field.name)' is given twice in \(message.type.name)", at: field.location, notes: [note]))
      return
    }
    message.fields.append(field)
  }

  // MARK: Unknown fields

  private mutating func parseUnknown(_ message: inout Message, _ word: String, _ name: Token, colon: Bool) {
    let place = location(name.start)
    if isSymbol("[") {
      parseElements(token) { parsing in
        guard let value = parsing.parseUnknownValue(name) else { return false }
        message.fields.append(Message.Field(unknown: word, value, location: place))
        return true
      }
      return
    }
    if !colon, !opensMessage {
      let near = word.nearest(in: message.type.fields.lazy.map(\.name))
      let line = place.line
      complain("expected ':' or '{' after '\(word)'", at: name.end)
      if let near, let last = problems.indices.last, problems[last].location?.line == line {
        problems[last].suggestion = near
      }
      return recover(unlessAtLine: true)
    }
    if let value = parseUnknownValue(name) {
      message.fields.append(Message.Field(unknown: word, value, location: place))
    }
  }

  private mutating func parseUnknownValue(_ name: Token) -> Message.Value? {
    if opensMessage { return .message(parseBlock(.unknown, name)) }
    if token.kind == .string { return parseString(named: text(name), asText: false) }
    let start = token.start
    let negative = accept("-")
    switch token.kind {
    case .word, .decimal, .octal, .hexadecimal, .fraction:
      let value = text(token)
      advance()
      return .raw(negative ? "-" + value : value)
    case .bad:
      advance()
      return nil
    default:
      complain("expected a value for '\(text(name))', not \(shown)", at: negative ? token.start : start)
      recover(unlessAtLine: true)
      return nil
    }
  }
}
