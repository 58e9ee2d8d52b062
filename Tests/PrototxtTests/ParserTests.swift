import Prototxt
import Testing

@Suite struct ParserTests {
  private func filler(_ value: String) throws -> Float {
    try parse("value: \(value)", as: Caffe.filler).float("value")
  }

  @Test func everySpellingOfANumber() throws {
    let table: [(String, Float)] = [
      ("1", 1), ("-1", -1), ("- 1", -1), ("0", 0), ("1.", 1), (".5", 0.5), ("-.5", -0.5), ("1.f", 1), ("2F", 2),
      ("1e3", 1000), ("1E-3", 0.001), ("1.5e+2f", 150), ("inf", .infinity), ("-Infinity", -.infinity),
      ("1e400", .infinity), ("1e-60", 0), ("16777217", 16_777_216), ("99999999999999999999", 1e20),
    ]
    for (text, number) in table { #expect(try filler(text) == number, "\(text)") }
    #expect(try filler("nan").isNaN)
    #expect(try filler("-0").sign == .minus)
    let whole = [
      ("017", 15), ("0x1F", 31), ("0XfF", 255), ("-2147483648", -2_147_483_648), ("2147483647", 2_147_483_647),
    ]
    for (text, number) in whole { #expect(try parse("sparse: \(text)", as: Caffe.filler).int("sparse") == number) }
    let wide = try parse("dim: [-9223372036854775808, 9223372036854775807]", as: blobShape)
    #expect(wide.ints("dim") == [.min, .max])
  }

  private var blobShape: MessageType { Caffe.blob.fields.compactMap(nested).first ?? Caffe.blob }

  private func nested(_ field: FieldType) -> MessageType? {
    guard case .message(let type) = field.kind else { return nil }
    return type
  }

  @Test func everySpellingOfAString() throws {
    let table: [(String, String)] = [
      (#""plain""#, "plain"), (#"'single "double"'"#, "single \"double\""), (#""a" 'b'  "c""#, "abc"),
      (#""\a\b\f\n\r\t\v\\\'\"\?""#, "\u{7}\u{8}\u{C}\n\r\t\u{B}\\'\"?"), (#""\101\7\x41\X4a""#, "A\u{7}AJ"),
      (#""\u00e9\U0001F600""#, "é😀"), (#""\ud83d\ude00""#, "😀"), (#""\303\251""#, "é"), ("\"é\t\"", "é\t"),
      ("\"a\" # comment\n  \"b\"", "ab"), ("\"\"", ""), ("\"# no comment\"", "# no comment"),
    ]
    for (text, value) in table { #expect(try parse("name: \(text)").string("name") == value, "\(text)") }
    let bytes = try parse(#"name: "\377""#)
    guard case .bytes([0xFF])? = bytes.fields.first?.value else {
      Issue.record("\(bytes.fields)")
      return
    }
    #expect(TextPrinter.print(bytes) == "name: \"\\377\"\n")
    #expect(try parse(#"data: "\000\001""#, as: Caffe.datum).bytes("data") == [0, 1])
  }

  @Test func everySpellingOfTruth() throws {
    for text in ["true", "True", "t", "1"] { #expect(try parse("force_backward: \(text)").bool("force_backward")) }
    for text in ["false", "False", "f", "0"] { #expect(try !parse("force_backward: \(text)").bool("force_backward")) }
  }

  @Test func everySpellingOfAMessage() throws {
    let texts = [
      "layer { name: \"a\" }", "layer: { name: \"a\" }", "layer < name: 'a' >", "layer: <name:'a';>",
      "layer{name:\"a\"}", "layer: [ { name: 'a' } ]", "layer [ < name: 'a', > ]", "layer\n{\r\n\tname\n:\n'a'\n}\r\n",
      "# first\nlayer { # open\n name: 'a' # name\n} # last", "\u{FEFF}layer { name: 'a' }", "layer { name: 'a' };",
    ]
    for text in texts { #expect(try parse(text).messages("layer").map { $0.string("name") } == ["a"], "\(text)") }
    #expect(try parse("").fields.isEmpty)
    #expect(try parse("# nothing but a comment").fields.isEmpty)
    let tight = try parse("name:\"SGD\"input_dim:1input_dim:3layer{input_param{shape{dim:1 dim:3}}}")
    #expect(tight.ints("input_dim") == [1, 3])
    #expect(tight.messages("layer")[0].message("input_param").messages("shape")[0].ints("dim") == [1, 3])
  }

  @Test func enumsByNameAndNumber() throws {
    let layers = try parse("layer { phase: TEST } layer { phase: 1 } layer { } layer { phase: 0 }").messages("layer")
    #expect(layers.map { $0.enumeration("phase") } == ["TEST", "TEST", "TRAIN", "TRAIN"])
    #expect(layers.map { $0.has("phase") } == [true, true, false, true])
  }

  @Test func listsMixWithSingleValues() throws {
    let net = try parse("input_dim: 1 input_dim: [2, 3] input_dim: [] input_dim: 4 input: ['a', \"b\" 'c']")
    #expect(net.ints("input_dim") == [1, 2, 3, 4])
    #expect(net.strings("input") == ["a", "bc"])
    #expect(net.count("input") == 2)
  }

  @Test func everyFieldKnowsItsPlace() throws {
    let net = try parse(
      "name: \"é\" input: 'x'\nlayer {\n\ttype: \"ReLU\"\n  relu_param {\n    negative_slope: .1\n  }\n}")
    func place(_ location: Prototxt.SourceLocation?) -> String { location?.description ?? "nowhere" }
    let layer = net.messages("layer")[0]
    #expect(place(net.location) == "net.prototxt:1:1")
    #expect(place(net.location(of: "input")) == "net.prototxt:1:18")
    #expect(place(layer.location) == "net.prototxt:2:1")
    #expect(place(layer.location(of: "type")) == "net.prototxt:3:8")
    #expect(place(layer.location(of: "name")) == "net.prototxt:2:1")
    #expect(place(layer.message("relu_param").location) == "net.prototxt:4:3")
    #expect(place(layer.message("relu_param").location(of: "negative_slope")) == "net.prototxt:5:21")
    #expect(place(layer.message("lrn_param").location) == "net.prototxt:2:1")
  }

  @Test func unknownFieldsAreKeptAndListed() throws {
    let text = """
      layer { name: "p" pooling_param { ceil_mode: false stride: 2 foo { bar: [1, -2.5, X] } } kernel_size: 3 }
      layerr < a: "b" 'c' > poolin: 1
      """
    let result = try TextParser.parse(SourceText(name: "n", text), as: Caffe.net)
    #expect(
      result.unknown.map(\.path)
        == ["layer.pooling_param.ceil_mode", "layer.pooling_param.foo", "layer.kernel_size", "layerr", "poolin"])
    #expect(result.unknown.map(\.nearest) == [nil, nil, nil, "layer", nil])
    #expect(result.unknown[2].elsewhere == ["'convolution_param'", "'pooling_param'"])
    #expect(result.unknown[0].messageType == "PoolingParameter")
    #expect(result.unknown[0].location?.column == 35)
    guard case .raw("false") = result.unknown[0].value else {
      Issue.record("\(result.unknown[0].value)")
      return
    }
    #expect(result.message.messages("layer")[0].message("pooling_param").int("stride") == 2)
    #expect(
      "\(result.unknown[3].diagnostic())" == """
        n:2:1: error: NetParameter has no field 'layerr'; did you mean 'layer'?
        layerr < a: "b" 'c' > poolin: 1
        ^
        """)
    #expect(
      result.unknown[2].diagnostic(severity: .warning).message
        == "LayerParameter has no field 'kernel_size'; it belongs in 'convolution_param' or 'pooling_param'")
    #expect(TextPrinter.print(result.message).contains("bar: -2.5\n"))
  }

  @Test func tenThousandLayersAreQuick() throws {
    let layer = try fixture("net.prototxt").replacing("name: \"SmallNet\"", with: "")
    let text = String(repeating: layer, count: 1200)
    var count = 0
    let time = try ContinuousClock().measure { count = try parse(text).count("layer") }
    #expect(count > 10_000)
    #expect(time < .seconds(2), "a machine under load takes a tenth of this")
  }
}
