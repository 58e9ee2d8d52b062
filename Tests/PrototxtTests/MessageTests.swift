import Foundation
import Prototxt
import Testing

@Suite struct MessageTests {
  @Test func absentFieldsReadAsTheSchemasDefaults() {
    let solver = Message(Caffe.solver)
    #expect(solver.string("type") == "SGD")
    #expect(solver.float("momentum2") == 0.999)
    #expect(solver.float("delta") == 1e-8)
    #expect(solver.int("average_loss") == 1)
    #expect(solver.bool("test_initialization"))
    #expect(solver.enumeration("solver_mode") == "GPU")
    #expect(solver.ints("test_iter").isEmpty)
    #expect(solver.string("net").isEmpty)
    #expect(!solver.has("type"))
    let layer = Message(Caffe.layer)
    #expect(layer.message("lrn_param").float("alpha") == 1)
    #expect(layer.message("pooling_param").enumeration("pool") == "MAX")
    #expect(layer.message("hinge_loss_param").enumeration("norm") == "L1")
    #expect(layer.message("batch_norm_param").float("moving_average_fraction") == 0.999)
  }

  @Test func settingReplacesAndAppends() throws {
    var net = try parse("input: 'a' name: 'n' input: 'b'")
    net.set("name", "m")
    net.set("input", ["x", "y", "z"])
    net.append("input_dim", 4)
    net.set("input_dim", [1, 2])
    net.set("force_backward", true)
    var layer = Message(Caffe.layer)
    layer.set("phase", "TEST")
    layer.append("loss_weight", 0.5 as Float)
    layer.append("propagate_down", false)
    var convolution = layer.message("convolution_param")
    convolution.set("num_output", 4)
    convolution.append("kernel_size", 3)
    layer.set("convolution_param", convolution)
    net.append("layer", layer)
    net.set("layer", net.messages("layer") + [layer])
    #expect(net.strings("input") == ["x", "y", "z"])
    #expect(net.count("layer") == 2)
    net.remove("layer")
    net.append("layer", layer)
    #expect(
      TextPrinter.print(net) == """
        name: "m"
        input: "x"
        input: "y"
        input: "z"
        input_dim: 1
        input_dim: 2
        force_backward: true
        layer {
          loss_weight: 0.5
          phase: TEST
          propagate_down: false
          convolution_param {
            num_output: 4
            kernel_size: 3
          }
        }

        """)
  }

  @Test func errorsStandAtTheField() throws {
    let net = try parse("layer {\n  top: 'a' top: 'b'\n}")
    let layer = net.messages("layer")[0]
    let error = layer.error("top", index: 1, "top 'b' is odd", suggesting: "a").noting("also", at: layer.location)
    #expect(
      "\(error)" == """
        net.prototxt:2:17: error: top 'b' is odd; did you mean 'a'?
          top: 'a' top: 'b'
                        ^
        net.prototxt:1:1: note: also
        layer {
        ^
        """)
    #expect("\(Diagnostic("nowhere", severity: .warning))" == "warning: nowhere")
  }

  @Test func misusesTrap() async {
    await #expect(processExitsWith: .failure) { _ = Message(Caffe.net).int("no_such_field") }
    await #expect(processExitsWith: .failure) { _ = Message(Caffe.net).int("name") }
    await #expect(processExitsWith: .failure) {
      var net = Message(Caffe.net)
      net.append("input_dim", 1 << 40)
    }
  }

  @Test func longLinesAreCutAroundThePlace() {
    let text =
      "name: \"a\" " + String(repeating: "input: \"b\" ", count: 100) + "name: 3 " + String(repeating: "#", count: 500)
    let lines = complaint(text).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[1].count < 180)
    #expect(lines[1].hasPrefix("... ") && lines[1].hasSuffix(" ..."))
    #expect(lines[1].dropFirst(lines[2].count - 1).hasPrefix("3 #"))
  }

  @Test func nearNames() {
    let names = ["ReLU", "PReLU", "Convolution", "kernel_size", "kernel_h", "layer", "layers", "AVE"]
    let table: [(String, String?)] = [
      ("Relu", "ReLU"), ("Convolutoin", "Convolution"), ("convolution", "Convolution"), ("kernelsize", "kernel_size"),
      ("kernel_sise", "kernel_size"), ("layerr", "layer"), ("AVERAGE", "AVE"), ("Banana", nil), ("", nil),
      ("ReLU", "PReLU"),
    ]
    for (word, expected) in table { #expect(word.nearest(in: names) == expected, "\(word)") }
  }

  @Test func placesAreConverted() {
    let source = SourceText(name: "f", "ab\r\n\n\u{E9}x\ty")
    for (line, column, offset) in [(1, 1, 0), (1, 3, 2), (2, 1, 4), (3, 1, 5), (3, 2, 7), (3, 4, 9), (3, 5, 10)] {
      let place = Prototxt.SourceLocation(source: source, line: line, column: column)
      #expect(place.offset == offset)
      #expect(place.line == line)
      #expect(place.column == column)
    }
    #expect(source.line(1) == "ab")
    #expect(source.line(4) == "")
    #expect(source.lineCount == 3)
  }

  @Test func filesAreMapped() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("crema-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let full = folder + "/full.prototxt"
    let empty = folder + "/empty.prototxt"
    #expect(FileManager.default.createFile(atPath: full, contents: Data("name: 'x'".utf8)))
    #expect(FileManager.default.createFile(atPath: empty, contents: Data()))
    let file = try MappedFile(full)
    #expect(file.count == 9)
    #expect(file.withBytes { $0[8] } == UInt8(ascii: "'"))
    #expect(try MappedFile(empty).withBytes { $0.count } == 0)
    #expect(try TextParser.parse(contentsOf: full, as: Caffe.net).message.string("name") == "x")
    #expect(try TextParser.parse(contentsOf: empty, as: Caffe.net).message.fields.isEmpty)
    let missing = folder + "/none"
    #expect { try MappedFile(missing) } throws: {
      ($0 as? Diagnostic)?.message == "cannot open '\(missing)': No such file or directory"
    }
    #expect { try MappedFile(folder) } throws: {
      ($0 as? Diagnostic)?.message == "cannot read '\(folder)': it is a folder, not a file"
    }
    #expect { try TextParser.parse(contentsOf: missing, as: Caffe.net) } throws: {
      ($0 as? DiagnosticList)?.first.message == "cannot open '\(missing)': No such file or directory"
    }
  }
}
