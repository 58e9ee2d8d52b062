import CCaffeProto
import Prototxt
import Testing

@Suite struct SchemaTests {
  /// Every message, reached from the three files' types and the few that no other message contains.
  static let types: [String: MessageType] = {
    var found: [String: MessageType] = [:]
    var open = unsafe [
      Caffe.net, Caffe.solver, Caffe.datum, MessageType(caffe__solver_state__descriptor),
      MessageType(caffe__blob_proto_vector__descriptor),
    ]
    while let type = open.popLast() {
      guard found.updateValue(type, forKey: type.name) == nil else { continue }
      for case .message(let nested) in type.fields.map(\.kind) { open.append(nested) }
    }
    return found
  }()

  static func row(_ type: MessageType, _ field: FieldType) -> String {
    let kind: String
    switch field.kind {
    case .message(let nested): kind = nested.name
    case .enumeration(let nested): kind = "enum \(nested.name)"
    default: kind = "\(field.kind)"
    }
    return [type.name, field.name, "\(field.number)", "\(field.label)", kind, field.packed ? "packed" : "-"]
      .joined(separator: "\t")
  }

  static func text(_ value: Message.Value?) -> String {
    switch value {
    case .int(let number)?: "\(number)"
    case .uint(let number)?: "\(number)"
    case .float(let number)?: NumberText.text(Float(number))
    case .bool(let flag)?: "\(flag)"
    case .string(let text)?: "\"\(text)\""
    case .bytes(let bytes)?: "\"\(String(decoding: bytes, as: UTF8.self))\""
    case .enumeration(let name, _)?: name
    default: "-"
    }
  }

  /// The default column of the table in the printer's spelling.
  static func normalized(_ text: String, _ kind: FieldType.Kind) -> String {
    guard kind == .float, let number = Double(text) else { return text }
    return NumberText.text(Float(number))
  }

  @Test func descriptorsAreTheSchema() throws {
    let rows = try fixture("schema.tsv").split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
    let fields = rows.filter { $0[0] != "enum" }
    #expect(fields.count == 423)
    #expect(Set(fields.map { $0[0] }).count == 63)
    #expect(SchemaTests.types.count == 63)
    #expect(SchemaTests.types.values.reduce(0) { $0 + $1.fields.count } == 423)
    for row in fields {
      let type = try #require(SchemaTests.types[row[0]], "no message \(row[0])")
      let field = try #require(type.field(row[1]), "no field \(row[0]).\(row[1])")
      #expect(SchemaTests.row(type, field) == [row[0], row[1], row[2], row[3], row[4], row[6]].joined(separator: "\t"))
      let implicit = row[5].hasPrefix("(") || row[5] == "-"
      #expect(field.hasExplicitDefault == !implicit, "\(row)")
      var expected = row[5].hasPrefix("(") ? String(row[5].dropFirst().dropLast()) : row[5]
      if field.label == .required { expected = "0" }
      #expect(SchemaTests.text(field.defaultValue) == SchemaTests.normalized(expected, field.kind), "\(row)")
      #expect(type.field(number: field.number) == field)
    }
  }

  @Test func enumsAreTheSchemas() throws {
    let rows = try fixture("schema.tsv").split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
    var found: [String: EnumType] = [:]
    for type in SchemaTests.types.values {
      for case .enumeration(let nested) in type.fields.map(\.kind) {
        found[nested.name == "Phase" ? "Phase" : "\(type.name).\(nested.name)"] = nested
      }
    }
    let enums = rows.filter { $0[0] == "enum" }
    #expect(enums.count == 26)
    #expect(found.count == 26)
    for row in enums {
      let type = try #require(found[row[1]], "no enum \(row[1])")
      #expect(Set(type.values.map { "\($0.name)=\($0.number)" }) == Set(row.dropFirst(2)), "\(row[1])")
    }
  }

  @Test func typesAreShared() {
    #expect(unsafe MessageType(caffe__net_parameter__descriptor) == Caffe.net)
    #expect(Caffe.net.field("layer")?.kind == .message(Caffe.layer))
    #expect(Caffe.net.field("layerr") == nil)
    #expect(Caffe.net.field(number: 99) == nil)
  }
}
