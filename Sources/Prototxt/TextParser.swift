/// What was read from a text: the message, and the fields in it that its schema does not have.
public struct ParseResult: Sendable {
  /// The message; unknown fields are kept in it.
  public let message: Message

  /// The unknown fields in the order of the text, without those inside of unknown ones.
  public let unknown: [UnknownField]
}

/// Reads protocol-buffer text (prototxt).
///
/// The whole language is read: comments, both quotes with all escapes, strings in pieces, `name: {`, `name {`, `<>`,
/// lists in brackets, separators, all spellings of numbers, truth values and enums. Everything wrong in a file is
/// reported together, up to 20 errors.
public enum TextParser {
  /// Reads a text as a message of `type`.
  ///
  /// - Throws: what is wrong with it, in the order of the text. Unknown fields are no error here.
  public static func parse(_ source: SourceText, as type: MessageType) throws(DiagnosticList) -> ParseResult {
    if let fault = encodingFault(source) { throw DiagnosticList([fault]) }
    var parsing = TextParsing(source)
    let message = parsing.parse(type)
    guard parsing.problems.isEmpty else { throw DiagnosticList(parsing.problems) }
    return ParseResult(message: message, unknown: message.unknownFields())
  }

  /// Reads the file at `path` as a message of `type`.
  ///
  /// - Throws: why it cannot be read, or what is wrong with it.
  public static func parse(contentsOf path: String, as type: MessageType) throws(DiagnosticList) -> ParseResult {
    let source: SourceText
    do { source = try SourceText(contentsOf: path) } catch { throw DiagnosticList([error]) }
    return try parse(source, as: type)
  }

  private static func encodingFault(_ source: SourceText) -> Diagnostic? {
    let start = SourceLocation(source: source, offset: 0)
    if source.bytes.starts(with: [0xFF, 0xFE]) || source.bytes.starts(with: [0xFE, 0xFF]) {
      return Diagnostic("this file is UTF-16; save it as UTF-8", at: start)
    }
    guard source.isBinary else { return nil }
    return Diagnostic("this is a binary file, not text", at: start)
  }
}

/// The state of reading one text.
struct TextParsing {
  /// A message whose closing brace has not been met.
  struct Open {
    let type: MessageType
    let name: Token
    let brace: Token
  }

  static let maximumErrors = 20
  static let maximumDepth = 100

  let source: SourceText
  let bytes: [UInt8]
  var lexer: TextLexer
  var token: Token
  var problems: [Diagnostic] = []
  var open: [Open] = []
  private var faultyLine = -1
  private var stopped = false
  private var misplaced: Diagnostic?

  init(_ source: SourceText) {
    self.source = source
    bytes = source.bytes
    lexer = TextLexer(source)
    token = Token(kind: .end, start: 0, end: 0, startsLine: true)
    advance()
  }

  mutating func parse(_ type: MessageType) -> Message {
    var message = Message(type, location: location(0))
    while token.kind != .end {
      parseFields(&message)
      guard token.kind != .end else { break }
      complain("'\(text(token))' closes nothing: there is no open message", at: token.start)
      advance()
    }
    checkRequired(message)
    return message
  }

  // MARK: Tokens

  mutating func advance() {
    guard !stopped else { return }
    token = lexer.next()
    if !lexer.problems.isEmpty { lexer.takeProblems().forEach { report($0) } }
  }

  func isSymbol(_ symbol: Unicode.Scalar) -> Bool {
    token.kind == .symbol && bytes[token.start] == UInt8(ascii: symbol)
  }

  mutating func accept(_ symbol: Unicode.Scalar) -> Bool {
    guard isSymbol(symbol) else { return false }
    advance()
    return true
  }

  var opensMessage: Bool { isSymbol("{") || isSymbol("<") }

  var closesMessage: Bool { isSymbol("}") || isSymbol(">") }

  func text(_ token: Token) -> String {
    token.kind == .end ? "the end of the file" : String(decoding: bytes[token.start..<token.end], as: UTF8.self)
  }

  /// The current token as messages show it.
  var shown: String { token.kind == .end ? text(token) : "'\(text(token))'" }

  func location(_ offset: Int) -> SourceLocation { SourceLocation(source: source, offset: offset) }

  // MARK: Errors

  mutating func report(_ problem: Diagnostic) {
    guard !stopped else { return }
    problems.append(problem)
    faultyLine = problem.location?.line ?? -1
    guard problems.count == TextParsing.maximumErrors else { return }
    problems.append(Diagnostic("there may be more errors; these are the first \(problems.count)", severity: .note))
    stop()
  }

  /// Reports a fault of syntax, unless one on the same line has been reported already and may have caused it.
  mutating func complain(_ message: String, at offset: Int, notes: [Diagnostic] = []) {
    let place = location(offset)
    guard token.kind != .bad, place.line != faultyLine else { return }
    report(Diagnostic(message, at: place, notes: notes))
  }

  mutating func stop() {
    stopped = true
    token = Token(kind: .end, start: bytes.count, end: bytes.count, startsLine: true)
  }

  /// Skips to the next line or the end of the message, whichever comes first.
  mutating func recover() {
    if token.kind != .end, !closesMessage { skipOne() }
    while token.kind != .end, !token.startsLine, !closesMessage { skipOne() }
  }

  /// Skips one token, or a whole block if it opens one.
  mutating func skipOne() {
    var depth = 0
    repeat {
      if opensMessage || isSymbol("[") { depth += 1 } else if closesMessage || isSymbol("]") { depth -= 1 }
      advance()
    } while depth > 0 && token.kind != .end
  }

  mutating func checkRequired(_ message: Message) {
    for field in message.type.storage.required where !message.has(field.name) {
      report(Diagnostic("\(message.type.name) needs '\(field.name)', which is missing", at: message.location))
    }
  }

  // MARK: Messages

  /// Reads fields up to the end of the text or a closing brace, which stays.
  mutating func parseFields(_ message: inout Message) {
    while token.kind != .end, !closesMessage {
      guard token.kind == .word else {
        complain("expected the name of a field, not \(shown)", at: token.start)
        recover()
        continue
      }
      parseField(&message)
    }
  }

  /// Reads a message in braces, the first of which is the current token.
  mutating func parseBlock(_ type: MessageType, _ name: Token) -> Message {
    var message = Message(type, location: location(name.start))
    let brace = token
    guard open.count < TextParsing.maximumDepth else {
      report(Diagnostic("messages are nested more than \(open.count) deep", at: location(brace.start)))
      stop()
      return message
    }
    open.append(Open(type: type, name: name, brace: brace))
    advance()
    parseFields(&message)
    close(brace, name)
    open.removeLast()
    checkRequired(message)
    return message
  }

  private mutating func close(_ brace: Token, _ name: Token) {
    let closing = bytes[brace.start] == UInt8(ascii: "{") ? "}" : ">"
    let here = Diagnostic("'\(text(brace))' is here", at: location(brace.start), severity: .note)
    if token.kind == .end {
      guard !stopped else { return }
      var notes = [here]
      if let misplaced { notes.append(misplaced) }
      report(
        Diagnostic(
          "the '\(closing)' that closes '\(text(name))' is missing", at: location(token.start), notes: notes))
      stop()
      return
    }
    if text(token) != closing {
      complain("'\(text(name))' is closed by '\(text(token))' instead of '\(closing)'", at: token.start, notes: [here])
    }
    advance()
  }

  /// Remembers a field that would fit one message further out, and stands as far left: a brace may be missing there.
  mutating func suspect(_ name: Token) {
    guard misplaced == nil, let inner = open.last, name.startsLine, inner.name.startsLine else { return }
    let outer = open.count > 1 ? open[open.count - 2].type : nil
    let place = location(name.start)
    guard place.column <= location(inner.name.start).column, outer?.field(text(name)) != nil || open.count == 1 else {
      return
    }
    misplaced = Diagnostic("it may be missing before this line", at: place, severity: .note)
  }
}
