import Crema
import Prototxt
import TestSupport
import Testing

/// The variants of AMTENnet (Tables V and VI) differ from it where the paper says so, and nowhere else.
@Suite struct PaperVariantTests {
  /// What a variant leaves out, adds, and changes, by the names of layers.
  struct Difference: Sendable {
    let folder: String
    var without: Set<String> = [], with: Set<String> = [], changed: Set<String> = []
  }

  private static let amten: Set<String> = [
    "conv1", "eltwise_layer", "conv2_1", "conv2_2", "concat_1", "conv3_1", "conv3_2", "concat_2",
  ]

  static let differences = [
    Difference(folder: "amtennet", changed: ["fc_net_2"]),
    Difference(folder: "model_base", without: amten, changed: ["conv4"]),
    Difference(folder: "amten_1", without: ["conv1", "eltwise_layer"], changed: ["conv2_1", "concat_1"]),
    Difference(folder: "amten_2", without: ["concat_1"], changed: ["conv3_1", "concat_2"]),
    Difference(folder: "amten_3", changed: ["conv3_1", "conv3_2"]),
    Difference(folder: "amten_4", changed: ["conv3_1", "conv3_2"]),
    Difference(folder: "amten_5", changed: ["conv1"]),
    Difference(folder: "amten_6", without: ["conv2_2", "conv3_2"], changed: ["concat_1", "concat_2"]),
    Difference(folder: "amtennet_7", changed: ["pool4", "pool5", "pool6", "pool7"]),
    Difference(folder: "amtennet_8", changed: ["conv7"]),
    Difference(folder: "hand_crafted_res_model_base", without: amten, with: ["residual"], changed: ["conv4"]),
    Difference(folder: "srm_model_base", without: amten, with: ["residual"], changed: ["conv4"]),
    Difference(folder: "constrained_conv_model_base", without: amten, with: ["convF"], changed: ["conv4"]),
  ]

  /// The layers of a file as texts, by name and phase.
  private func layers(_ folder: String, _ file: String) throws -> [String: String] {
    let layers = try PaperNetwork(folder).definition(file).message.messages("layer")
    return Dictionary(
      uniqueKeysWithValues: layers.map { layer in
        let phase = layer.messages("include").first.map { $0.enumeration("phase") } ?? ""
        return (layer.string("name") + (layer.string("type") == "Data" ? phase : ""), TextPrinter.print(layer))
      })
  }

  @Test(arguments: differences) func differsWhereItShould(variant: Difference) throws {
    for file in ["train_val", "deploy"] {
      let original = try layers("amtennet_8types", file), other = try layers(variant.folder, file)
      #expect(Set(original.keys).subtracting(other.keys) == variant.without)
      #expect(Set(other.keys).subtracting(original.keys) == variant.with)
      #expect(Set(original.keys.filter { other[$0] != nil && other[$0] != original[$0] }) == variant.changed)
    }
  }

  @Test(arguments: differences) func trainsAsAMTENnetDoes(variant: Difference) throws {
    func solver(_ folder: String) throws -> String {
      let text = TextPrinter.print(try SolverDefinition(contentsOf: PaperNetwork(folder).path("solver")).message)
      return text.replacing(folder, with: "NAME")
    }
    #expect(try solver(variant.folder) == solver("amtennet"))
  }

  /// What a layer reads and how wide it is.
  private func node(_ folder: String, _ name: String) throws -> (bottoms: [String], output: [Int], filters: [Int]) {
    let graph = try PaperNetwork(folder).deployed(), node = graph.nodes[try #require(graph.node(name))]
    let name = { (value: Int) in graph.values[value].name.split(separator: "_split").first.map(String.init) ?? "" }
    return (
      node.bottoms.map(name), graph.values[node.tops[0]].shape.axes, node.plan.weights.first?.shape.axes ?? []
    )
  }

  @Test func theChangesAreThoseOfTheTable() throws {
    #expect(try node("model_base", "conv4").filters == [24, 3, 3, 3])
    #expect(try node("amten_1", "concat_1").bottoms.contains { $0.hasPrefix("data") })
    #expect(try node("amten_2", "conv4").filters == [24, 9, 3, 3])
    #expect(try node("amten_3", "conv3_2").filters == [3, 3, 3, 3])
    #expect(try node("amten_4", "conv3_2").filters == [12, 12, 3, 3])
    #expect(try node("amten_5", "conv1").filters == [3, 3, 5, 5])
    #expect(try node("amten_5", "conv1").output == [1, 3, 128, 128])
    #expect(try node("amten_6", "conv4").filters == [24, 12, 3, 3])
    #expect(try node("amtennet_8", "conv7").filters == [128, 64, 3, 3])
    #expect(try node("amtennet_8", "pool7").output == [1, 128, 7, 7])
    #expect(try node("hand_crafted_res_model_base", "conv4").filters == [24, 9, 3, 3])
    #expect(try node("srm_model_base", "conv4").filters == [24, 3, 3, 3])
    #expect(try node("constrained_conv_model_base", "convF").output == [1, 3, 124, 124])
    #expect(try node("constrained_conv_model_base", "fc_net_0").filters == [300, 6272])
  }

  /// The filters of AMTENnet's variants are fixed, and those of the constrained one obey.
  @Test func fixedFiltersDoNotLearn() throws {
    for folder in ["hand_crafted_res_model_base", "srm_model_base", "hand_crafted_res"] {
      let graph = try PaperNetwork(folder).trained(.train), node = graph.nodes[try #require(graph.node("residual"))]
      #expect(graph.parameters[node.weights[0].parameter].rate == 0)
      #expect(!node.runsBackward)
    }
    for folder in ["constrained_conv_model_base", "mislnet"] {
      let graph = try PaperNetwork(folder).trained(.train), node = graph.nodes[try #require(graph.node("convF"))]
      #expect(graph.parameters[node.weights[0].parameter].constraint == .predictionError)
    }
  }
}
