extension TextParsing {
  /// Reads a value of a field that is no message; reports and skips it if it does not fit, and returns nil.
  mutating func parseScalar(_ field: FieldType) -> Message.Value? {
    switch field.kind {
    case .string: return parseText(field, asText: true)
    case .bytes: return parseText(field, asText: false)
    case .bool: return parseBool(field)
    case .enumeration(let type): return parseEnumeration(field, type)
    case .float, .double: return parseFloat(field)
    case .int32: return parseInteger(field, Int64(Int32.min), UInt64(Int32.max))
    case .int64: return parseInteger(field, Int64.min, UInt64(Int64.max))
    case .uint32: return parseInteger(field, 0, UInt64(UInt32.max))
    case .uint64: return parseInteger(field, 0, UInt64.max)
    case .message: preconditionFailure("a message is no scalar")
    }
  }

  // MARK: Numbers

  private mutating func parseInteger(_ field: FieldType, _ low: Int64, _ high: UInt64) -> Message.Value? {
    let start = token.start
    let negative = accept("-")
    let digits: Substring
    let radix: Int
    switch token.kind {
    case .decimal: (digits, radix) = (text(token)[...], 10)
    case .octal: (digits, radix) = (text(token).dropFirst(), 8)
    case .hexadecimal: (digits, radix) = (text(token).dropFirst(2), 16)
    default: return misfit(field, start)
    }
    let written = (negative ? "-" : "") + text(token)
    advance()
    let magnitude = UInt64(digits, radix: radix)
    if negative, low == 0 {
      report(Diagnostic("'\(field.name)' cannot be negative, but is \(written)", at: location(start)))
      return nil
    }
    guard let magnitude, magnitude <= (negative ? low.magnitude : high) else {
      report(Diagnostic("'\(field.name)' must be from \(low) to \(high), not \(written)", at: location(start)))
      return nil
    }
    if low == 0 { return .uint(magnitude) }
    return .int(negative ? Int64(truncatingIfNeeded: 0 &- magnitude) : Int64(magnitude))
  }

  private mutating func parseFloat(_ field: FieldType) -> Message.Value? {
    let start = token.start
    let negative = accept("-")
    var number: Double
    switch token.kind {
    case .decimal, .fraction:
      var digits = text(token)
      if digits.utf8.last.map({ $0 | 0x20 }) == UInt8(ascii: "f") { digits.removeLast() }
      guard let value = Double(digits) ?? Double(digits + "0") else { return misfit(field, start) }
      number = value
    case .octal, .hexadecimal:
      report(
        Diagnostic(
          "'\(field.name)' must be a decimal number, not \(text(token)) (octal or hexadecimal)", at: location(start)))
      advance()
      return nil
    case .word:
      switch text(token).lowercased() {
      case "inf", "infinity": number = .infinity
      case "nan": number = .nan
      default: return misfit(field, start)
      }
    default: return misfit(field, start)
    }
    advance()
    if negative { number = -number }
    return .float(field.kind == .float ? Double(Float(number)) : number)
  }

  // MARK: Words

  private mutating func parseBool(_ field: FieldType) -> Message.Value? {
    let value: Bool
    switch (token.kind, text(token)) {
    case (.word, "true"), (.word, "True"), (.word, "t"): value = true
    case (.word, "false"), (.word, "False"), (.word, "f"): value = false
    case (.decimal, "1"), (.octal, "01"), (.hexadecimal, "0x1"): value = true
    case (.decimal, "0"), (.octal, "00"), (.hexadecimal, "0x0"): value = false
    case (.word, let word): return misfit(field, token.start, near: word.nearest(in: ["true", "false"]))
    default: return misfit(field, token.start)
    }
    advance()
    return .bool(value)
  }

  private mutating func parseEnumeration(_ field: FieldType, _ type: EnumType) -> Message.Value? {
    let start = token.start
    let negative = accept("-")
    let word = (negative ? "-" : "") + text(token)
    switch token.kind {
    case .word where !negative:
      if let number = type.number(of: word) {
        advance()
        return .enumeration(name: word, number: number)
      }
    case .decimal:
      if let number = Int(word), let name = type.name(of: number) {
        advance()
        return .enumeration(name: name, number: number)
      }
    case .bad, .end:
      return misfit(field, start)
    case .string:
      let bare = String(word.dropFirst().dropLast())
      guard type.number(of: bare) != nil else { return misfit(field, start, near: bare.nearest(in: names(type))) }
      report(
        Diagnostic("'\(field.name)' is a name without quotes: write \(bare) instead of \(word)", at: location(start)))
      advance()
      return nil
    default:
      return misfit(field, start)
    }
    let near = word.nearest(in: names(type))
    let all = names(type)
    let choices = near == nil && all.count <= 8 ? "; expected \(all.joined(separator: ", "))" : ""
    report(
      Diagnostic(
        "'\(word)' is no value of '\(field.name)' (\(type.name))\(choices)", at: location(start), suggestion: near))
    advance()
    return nil
  }

  private func names(_ type: EnumType) -> [String] { type.values.map(\.name) }

  // MARK: Strings

  private mutating func parseText(_ field: FieldType, asText: Bool) -> Message.Value? {
    guard token.kind == .string else {
      let start = token.start
      guard [.word, .decimal, .fraction, .octal, .hexadecimal].contains(token.kind) else { return misfit(field, start) }
      let word = text(token)
      report(
        Diagnostic("'\(field.name)' is a string: write \"\(word)\" instead of \(word)", at: location(start)))
      advance()
      return nil
    }
    return parseString(named: field.name, asText: asText)
  }

  /// The inside of the current token if it is the only string, and plain ASCII without escapes.
  private mutating func plainString() -> String? {
    let inside = bytes[token.start + 1..<token.end - 1]
    guard inside.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: "\\") }) else { return nil }
    advance()
    return String(decoding: inside, as: UTF8.self)
  }

  /// Reads one or more strings in quotes as one.
  mutating func parseString(named name: String, asText: Bool) -> Message.Value? {
    let start = token.start
    var value: [UInt8] = []
    var sound = true
    if let plain = plainString() {
      if token.kind != .string { return .string(plain) }
      value = Array(plain.utf8)
    }
    while token.kind == .string {
      if let fault = TextStrings.decode(bytes, token.start..<token.end, into: &value) {
        report(Diagnostic(fault.fault, at: location(fault.offset)))
        sound = false
      } else if let offset = strayByte(token) {
        let byte = String(bytes[offset], radix: 8)
        report(
          Diagnostic(
            "this string is not UTF-8: save the file as UTF-8, or write this byte as \\\(byte)", at: location(offset)))
        sound = false
      }
      advance()
    }
    guard sound else { return nil }
    if asText, value.contains(0) {
      report(Diagnostic("'\(name)' cannot contain the character \\0", at: location(start)))
      return nil
    }
    if let string = String(validating: value, as: UTF8.self) { return .string(string) }
    return .bytes(value)
  }

  /// The first byte of a string as written that is not part of UTF-8.
  private func strayByte(_ token: Token) -> Int? {
    let written = bytes[token.start..<token.end]
    guard written.contains(where: { $0 >= 0x80 }), String(validating: written, as: UTF8.self) == nil else { return nil }
    var offset = token.start
    while offset < token.end {
      let length = characterLength(offset, token.end)
      guard length > 0 else { return offset }
      offset += length
    }
    return nil
  }

  /// The length of the valid character that begins at `offset`, or 0.
  private func characterLength(_ offset: Int, _ end: Int) -> Int {
    for length in 1...4 where offset + length <= end {
      if String(validating: bytes[offset..<offset + length], as: UTF8.self) != nil { return length }
    }
    return 0
  }

  // MARK: Faults

  /// Reports that the current token is no value of the field, and skips it if it may be the value that was meant.
  private mutating func misfit(_ field: FieldType, _ start: Int, near: String? = nil) -> Message.Value? {
    switch token.kind {
    case .bad:
      advance()
    case .end:
      complain("expected \(field.kind.noun) for '\(field.name)', not \(shown)", at: token.start)
    case .symbol:
      complain("expected \(field.kind.noun) for '\(field.name)', not \(shown)", at: token.start)
      if !token.startsLine, !closesMessage, !isSymbol("]"), !isSymbol(",") { recover() }
    default:
      if token.startsLine {
        complain("expected \(field.kind.noun) for '\(field.name)' on this line", at: start)
        return nil
      }
      let written = token.kind == .string ? text(token) : (start < token.start ? "-" : "") + text(token)
      report(
        Diagnostic(
          "'\(field.name)' must be \(field.kind.noun), not \(written)", at: location(start), suggestion: near))
      advance()
    }
    return nil
  }
}
