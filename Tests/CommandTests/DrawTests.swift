import Foundation
import Images
import TestSupport
import Testing

/// Graphs of nets, drawn as a user does it.
@Suite struct DrawTests {
  private static let net = """
    name: "Small & neat"
    layer { name: "input" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 9 dim: 9 } } }
    layer {
      name: "conv" type: "Convolution" bottom: "data" top: "conv"
      convolution_param { num_output: 4 kernel_size: 3 stride: 2 pad: 1 }
    }
    layer { name: "norm" type: "BatchNorm" bottom: "conv" top: "normed" }
    layer { name: "relu" type: "ReLU" bottom: "normed" top: "normed" }
    layer { name: "side" type: "Pooling" bottom: "normed" top: "side" pooling_param { kernel_size: 3 stride: 1 pad: 1 } }
    layer { name: "apart" type: "ReLU" bottom: "normed" top: "apart" }
    layer { name: "sum<2>" type: "Eltwise" bottom: "side" bottom: "apart" top: "sum" }
    layer { name: "odd" type: "Strange" bottom: "sum" top: "odd" strange_param { size: 7 } }
    layer { name: "last" type: "InnerProduct" bottom: "sum" top: "last" inner_product_param { num_output: 5 } }
    """

  private func scratch(_ text: String = net) throws -> Scratch {
    let scratch = try Scratch()
    try text.write(toFile: "\(scratch.path)/net.prototxt", atomically: true, encoding: .utf8)
    return scratch
  }

  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func svgHasLayersParametersAndShapes() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let run = try Program.run(["draw", "net.prototxt"], in: scratch.path)
    #expect(run.code == 0 && run.output == "net.svg: 9 layers in 7 boxes\n", "\(run.output)\(run.errors)")
    #expect(run.errors.contains("net.prototxt:12:27: warning: layer 'odd' (Strange): type 'Strange' is unknown"))
    let svg = try text("\(scratch.path)/net.svg")
    for wanted in [
      ">Small &amp; neat<", ">phase TEST, 9 layers, 626 parameters, 6,400 multiply-adds<",
      ">shapes and parameters of 1 layer are unknown<", ">input<", ">conv<",
      ">Convolution  4 of 3x3, stride 2, pad 1<", ">norm<", ">BatchNorm<", ">relu<", ">2x4x5x5<", ">side<",
      ">Pooling  max of 3x3, pad 1<", ">apart<", ">sum&lt;2&gt;<", ">Eltwise<", ">Strange  size 7<", ">2x5<",
      "last, InnerProduct, 5 outputs, 505 parameters, 1,000 multiply-adds</title>", ">fully connected<", ">other<",
    ] { #expect(svg.contains(wanted), "\(wanted)") }
    #expect(!svg.contains("split") && !svg.contains(">loss, accuracy<"))
    let again = try Program.run(["draw", "net.prototxt", "--output", "again.svg"], in: scratch.path)
    #expect(again.code == 0)
    #expect(try text("\(scratch.path)/again.svg") == svg)
  }

  @Test func pngGoesDownOrToTheRight() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    for (direction, isTall) in [("TB", true), ("LR", false)] {
      let words = ["draw", "-rankdir", direction, "net.prototxt", "--output=\(direction).PNG"]
      let run = try Program.run(words, in: scratch.path)
      #expect(run.code == 0, "\(run.errors)")
      let image = try Image(contentsOf: "\(scratch.path)/\(direction).PNG")
      #expect((image.height > image.width) == isTall)
    }
  }

  /// What a database would give is not needed.
  @Test func dataNeedNotBeThere() throws {
    let scratch = try scratch(
      """
      layer {
        name: "faces" type: "Data" top: "data" top: "label" include { phase: TRAIN }
        data_param { source: "lmdbs/faces_train" batch_size: 8 backend: LMDB }
      }
      layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 2 } }
      layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" loss_weight: 0.5 }
      """)
    defer { scratch.remove() }
    let words = ["draw", "net.prototxt", "--phase", "TRAIN"]
    let bare = try Program.run(words, in: scratch.path)
    #expect(bare.code == 0, "\(bare.errors)")
    #expect(bare.errors.contains("net.prototxt:1:1: warning: layer 'faces': its data is not there"), "\(bare.errors)")
    let unknown = try text("\(scratch.path)/net.svg")
    #expect(
      unknown.contains(">label<") && unknown.contains(">ip<")
        && unknown.contains("shapes and parameters of 3 layers are unknown"))
    let given = try Program.run(words + ["--input-shape", "8,3,4,4"], in: scratch.path)
    #expect(given.code == 0 && given.errors.isEmpty, "\(given.errors)")
    let svg = try text("\(scratch.path)/net.svg")
    for wanted in [
      ">net<", ">faces<", ">Data  faces_train<", ">data 8x3x4x4<", ">label 8<", ">8x2<",
      ">SoftmaxWithLoss  weight 0.5<",
    ] { #expect(svg.contains(wanted), "\(wanted)") }
  }

  @Test(arguments: [
    (["net.prototxt", "--output", "net.jpg"], 64, "--output takes a file that ends in .svg or .png; not 'net.jpg'"),
    (["net.prototxt", "--rankdir", "BT"], 64, "rankdir"),
    (["net.prototxt", "--phase", "ALL"], 64, "phase"),
    (["net.prototxt", "--input-shape", "3,x"], 64, "it takes lengths of at least 1"),
    (["none.prototxt"], 1, "none.prototxt"),
    (["wrong.prototxt"], 1, "wrong.prototxt:1:65: error: Unknown bottom blob 'x'"),
    (["data.prototxt"], 1, "data.prototxt:1:78: error: layer 'd' (Data): batch_size must be"),
    (["net.prototxt", "--output", "no/net.svg"], 1, "the folder 'no' does not exist"),
  ])
  func mistakesAreNamed(_ words: [String], _ code: Int, _ wanted: String) throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    for (name, text) in [
      ("wrong", "layer { name: \"a\" type: \"ReLU\" top: \"y\"                 bottom: \"x\" }\n"),
      ("data", "layer { name: \"d\" type: \"Data\" top: \"d\" data_param { source: \"s\" batch_size: 0 } }\n"),
    ] { try text.write(toFile: "\(scratch.path)/\(name).prototxt", atomically: true, encoding: .utf8) }
    let before = Set(try FileManager.default.contentsOfDirectory(atPath: scratch.path))
    let run = try Program.run(["draw"] + words, in: scratch.path)
    #expect(Int(run.code) == code && run.errors.contains(wanted), "\(run.errors)")
    #expect(Set(try FileManager.default.contentsOfDirectory(atPath: scratch.path)) == before)
  }
}
