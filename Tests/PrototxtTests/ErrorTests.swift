import Prototxt
import Testing

@Suite struct ErrorTests {
  /// Texts on one line, and the column and message of their first error.
  static let table: [(text: String, column: Int, message: String)] = [
    ("name: 3", 7, "'name' is a string: write \"3\" instead of 3"),
    ("name: SmallNet", 7, "'name' is a string: write \"SmallNet\" instead of SmallNet"),
    ("name \"x\"", 5, "expected ':' after 'name'"),
    ("name: \"x", 7, "this string has no closing \" on its line; write a line break as \\n"),
    ("name: 'x\\", 7, "this string has no closing ' on its line; write a line break as \\n"),
    (#"name: "a\q""#, 9, #"'\q' is no escape; write a backslash as \\"#),
    (#"name: "\x""#, 8, #"'\x' needs one or two hexadecimal digits"#),
    (#"name: "\u12""#, 8, #"this escape is not a Unicode character: \u takes 4 hexadecimal digits, \U takes 8"#),
    (#"name: "\400""#, 8, #"an octal escape is at most \377"#),
    (#"name: "a\000""#, 7, #"'name' cannot contain the character \0"#),
    ("name: { }", 7, "'name' is a string, not a message: expected ':'"),
    ("name: ", 7, "expected a string for 'name', not the end of the file"),
    ("name: \"a\" name: \"b\"", 17, "'name' is given twice in NetParameter"),
    ("name: ['a']", 7, "'name' has one value, not a list"),
    ("input_dim: 3.5", 12, "'input_dim' must be a whole number, not 3.5"),
    ("input_dim: -1e3", 12, "'input_dim' must be a whole number, not -1e3"),
    ("input_dim: \"4\"", 12, "'input_dim' must be a whole number, not \"4\""),
    ("input_dim: four", 12, "'input_dim' must be a whole number, not four"),
    ("input_dim: +4", 12, "expected a whole number for 'input_dim', not '+'"),
    ("input_dim: 2147483648", 12, "'input_dim' must be from -2147483648 to 2147483647, not 2147483648"),
    ("input_dim: -2147483649", 12, "'input_dim' must be from -2147483648 to 2147483647, not -2147483649"),
    (
      "input_dim: 99999999999999999999999", 12,
      "'input_dim' must be from -2147483648 to 2147483647, not 99999999999999999999999"
    ),
    ("input_dim: 09", 12, "the number 09 begins with 0 and is octal, but has a digit above 7"),
    ("input_dim: 0x", 12, "the number 0x has no digits after '0x'"),
    ("input_dim: [1, 2", 17, "expected ',' or ']' in the list, not the end of the file"),
    ("input_dim: [1 2]", 15, "expected ',' or ']' in the list, not '2'"),
    ("input_dim: [1,]", 15, "expected a value, not ']'"),
    ("layer { convolution_param { num_output: -4 } }", 41, "'num_output' cannot be negative, but is -4"),
    (
      "layer { convolution_param { num_output: 4294967296 } }", 41,
      "'num_output' must be from 0 to 4294967295, not 4294967296"
    ),
    (
      "layer { relu_param { negative_slope: 0x10 } }", 38,
      "'negative_slope' must be a decimal number, not 0x10 (octal or hexadecimal)"
    ),
    ("layer { relu_param { negative_slope: 1.5.2 } }", 38, "the number 1.5.2 has two decimal points"),
    ("layer { relu_param { negative_slope: 1e } }", 38, "the number 1e has no digits after 'e'"),
    ("layer { relu_param { negative_slope: small } }", 38, "'negative_slope' must be a number, not small"),
    (
      "layer { pooling_param { pool: MEDIAN } }", 31,
      "'MEDIAN' is no value of 'pool' (PoolMethod); expected MAX, AVE, STOCHASTIC"
    ),
    (
      "layer { pooling_param { pool: 3 } }", 31,
      "'3' is no value of 'pool' (PoolMethod); expected MAX, AVE, STOCHASTIC"
    ),
    (
      "layer { pooling_param { pool: \"MAX\" } }", 31,
      "'pool' is a name without quotes: write MAX instead of \"MAX\""
    ),
    ("force_backward: yes", 17, "'force_backward' must be true or false, not yes"),
    ("force_backward: 2", 17, "'force_backward' must be true or false, not 2"),
    ("layer: 3", 8, "'layer' is a message (LayerParameter): expected '{', not '3'"),
    ("layer", 6, "'layer' is a message (LayerParameter): expected '{', not the end of the file"),
    ("state { } state { }", 11, "'state' is given twice in NetParameter"),
    ("name: 'a' }", 11, "'}' closes nothing: there is no open message"),
    ("layer < name: 'a' }", 19, "'layer' is closed by '}' instead of '>'"),
    ("layer { clip_param { min: 0 } }", 9, "ClipParameter needs 'max', which is missing"),
    ("{ name: 'a' }", 1, "expected the name of a field, not '{'"),
    ("name: 'a' ; ; input: 'b'", 13, "expected the name of a field, not ';'"),
    ("$name: 'a'", 1, "the character '$' has no meaning here"),
    ("é: 1", 1, "the character 'é' has no meaning here"),
    ("foo bar", 4, "expected ':' or '{' after 'foo'"),
    ("foo: }", 6, "expected a value for 'foo', not '}'"),
  ]

  @Test(arguments: table.indices) func firstError(_ index: Int) {
    let row = ErrorTests.table[index]
    do {
      _ = try TextParser.parse(SourceText(name: "n", row.text), as: Caffe.net)
      Issue.record("no error in: \(row.text)")
    } catch {
      #expect(error.first.message == row.message, "\(row.text)")
      #expect(error.first.location?.column == row.column, "\(row.text)")
      #expect(error.first.location?.line == 1)
    }
  }

  @Test func severalErrorsAreReportedTogether() {
    let text = """
      layer {
        name: "a
        kernel_size: 3
        tipe "x"
        include: TEST
        phase: TRIAN
      }
      <<<<<<< HEAD
      force_backward: TRUE
      """
    #expect(
      complaint(text) == """
        net.prototxt:2:9: error: this string has no closing " on its line; write a line break as \\n
          name: "a
                ^
        net.prototxt:4:7: error: expected ':' or '{' after 'tipe'; did you mean 'type'?
          tipe "x"
              ^
        net.prototxt:5:12: error: 'include' is a message (NetStateRule): expected '{', not 'TEST'
          include: TEST
                   ^
        net.prototxt:6:10: error: 'TRIAN' is no value of 'phase' (Phase); did you mean 'TRAIN'?
          phase: TRIAN
                 ^
        net.prototxt:8:1: error: a merge conflict is left in the file: keep one side and remove the marker
        <<<<<<< HEAD
        ^
        net.prototxt:9:17: error: 'force_backward' must be true or false, not TRUE; did you mean 'true'?
        force_backward: TRUE
                        ^
        """)
  }

  @Test func aMissingBraceNamesTheOpenOneAndWhereItMayBeMissing() {
    #expect(
      complaint("layer {\n  name: \"a\"\n  pooling_param {\n    stride: 1\n}\nlayer {\n  name: \"b\"\n}\n") == """
        net.prototxt:9:1: error: the '}' that closes 'layer' is missing
        net.prototxt:1:7: note: '{' is here
        layer {
              ^
        net.prototxt:6:1: note: it may be missing before this line
        layer {
        ^
        """)
  }

  @Test func aFieldGivenTwiceShowsBothPlaces() {
    #expect(
      complaint("name: \"a\"\n\tname: \"b\"") == """
        net.prototxt:2:8: error: 'name' is given twice in NetParameter
        \tname: "b"
        \t      ^
        net.prototxt:1:7: note: the first one is here
        name: "a"
              ^
        """)
  }

  @Test func filesThatAreNoText() {
    func complaint(_ bytes: [UInt8]) -> String {
      do {
        _ = try TextParser.parse(SourceText(name: "n", bytes: bytes), as: Caffe.net)
        return ""
      } catch { return error.description }
    }
    #expect(complaint([0x0A, 0x03, 0x00, 0x41]) == "n:1:1: error: this is a binary file, not text")
    #expect(complaint([0xFF, 0xFE, 0x6E, 0x00]) == "n:1:1: error: this file is UTF-16; save it as UTF-8")
    #expect(complaint([0x07]).hasPrefix("n:1:1: error: the byte 0x7 is not text; the file must be UTF-8"))
    #expect(complaint([0xE9, 0x3A]).hasPrefix("n:1:1: error: the byte 0xE9 is not text; the file must be UTF-8"))
    let latin = Array("name: \"ab".utf8) + [0xE9] + Array("c\"".utf8)
    #expect(
      complaint(latin).hasPrefix(
        "n:1:10: error: this string is not UTF-8: save the file as UTF-8, or write this byte as \\351\n"))
    #expect(complaint([UInt8(ascii: "#"), 0xE9]) == "")
  }

  @Test func deepNestingAndManyErrorsEnd() {
    let deep = complaint(String(repeating: "a {", count: 100_000))
    #expect(deep.hasPrefix("net.prototxt:1:303: error: messages are nested more than 100 deep"))
    let many = complaint(String(repeating: "name: 3\n", count: 10_000))
    #expect(many.split(separator: "\n").count == 61)
    #expect(many.hasSuffix("note: there may be more errors; these are the first 20"))
  }

  @Test func cutAndChangedTextsNeverCrash() throws {
    for (name, type) in [
      ("upgrade/current_text_syntax.prototxt", Caffe.net), ("solver.prototxt", Caffe.solver),
    ] {
      let bytes = Array(try fixture(name).utf8)
      for length in 0...bytes.count { attempt(Array(bytes[..<length]), type) }
      for index in bytes.indices {
        for other in Array("{}[]<\"'\\:,#-.0\n\u{7F}x".utf8) + [0, 0xFF] {
          var changed = bytes
          changed[index] = other
          attempt(changed, type)
        }
        var shorter = bytes
        shorter.remove(at: index)
        attempt(shorter, type)
      }
    }
  }

  private func attempt(_ bytes: [UInt8], _ type: MessageType) {
    let source = SourceText(name: "n", bytes: bytes)
    if let result = try? TextParser.parse(source, as: type) {
      _ = result.message.binary()
    } else {
      do { _ = try TextParser.parse(source, as: type) } catch { #expect(!error.description.isEmpty) }
    }
  }
}
