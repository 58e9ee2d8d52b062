import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// The networks in `prototxt`: what their papers and releases say of them, and what their README says.
@Suite struct PaperNetworkTests {
  /// The rows of the README's first table.
  private static func rows() throws -> [(folder: String, classes: Int, parameters: Int, multiplyAdds: Int)] {
    let text = try String(contentsOfFile: ProjectFolder.path("prototxt/README.md"), encoding: .utf8)
    return text.split(separator: "\n").filter { $0.hasPrefix("| `") }.compactMap { line in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      let numbers = cells.dropFirst(2).prefix(3).compactMap { Int($0.replacingOccurrences(of: ",", with: "")) }
      guard numbers.count == 3 else { return nil }
      return (cells[0].trimmingCharacters(in: ["`"]), numbers[0], numbers[1], numbers[2])
    }
  }

  private static let folders: [String] = (try? rows().map(\.folder)) ?? []

  @Test func theReadmeNamesEveryFolder() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: ProjectFolder.path("prototxt"))
    let folders = names.filter { name in
      FileManager.default.fileExists(atPath: ProjectFolder.path("prototxt/\(name)/deploy.prototxt"))
    }
    #expect(Set(folders) == Set(Self.folders))
    #expect(folders.count == 19)
  }

  @Test func theReadmeHasTheNumbersOfTheSummary() throws {
    for row in try Self.rows() {
      let graph = try PaperNetwork(row.folder).deployed()
      #expect(graph.parameterCount == row.parameters, "\(row.folder)")
      #expect(graph.multiplyAdds == row.multiplyAdds, "\(row.folder)")
      #expect(graph.values.last?.shape == [1, row.classes], "\(row.folder)")
    }
  }

  /// Both phases build without a warning, end in the loss and the accuracy, and have the weights of `deploy`.
  @Test(arguments: folders) func trainAndDeployAgree(folder: String) throws {
    let network = PaperNetwork(folder), deployed = try network.deployed()
    #expect(deployed.warnings.isEmpty)
    #expect(deployed.outputs.map { deployed.values[$0].name } == ["prob"])
    for phase in [Phase.train, .test] {
      let graph = try network.trained(phase)
      #expect(graph.warnings.isEmpty)
      #expect(Set(graph.outputs.map { graph.values[$0].name }) == (phase == .train ? ["loss"] : ["loss", "accuracy"]))
      let weights = { (graph: Graph) in
        graph.nodes.filter { !$0.weights.isEmpty }.map { node in
          "\(node.name): \(node.weights.map { "\(graph.parameters[$0.parameter].shape)" })"
        }
      }
      #expect(weights(graph) == weights(deployed))
    }
  }

  @Test(arguments: folders) func theSolverTrainsItsOwnNet(folder: String) throws {
    let solver = try SolverDefinition(contentsOf: PaperNetwork(folder).path("solver"))
    #expect(solver.warnings.isEmpty)
    #expect(solver.message.string("net") == "prototxt/\(folder)/train_val.prototxt")
    #expect(solver.message.string("snapshot_prefix") == folder)
  }

  /// Another size of image and number of classes than the ones in the files.
  private func resized(_ folder: String, side: Int, channels: Int = 3, classes: Int) throws -> Graph {
    try PaperNetwork(folder).deployed { net in
      var layers = net.messages("layer")
      var input = layers[0].message("input_param"), shape = input.messages("shape")[0]
      shape.set("dim", [1, channels, side, side])
      input.set("shape", [shape])
      layers[0].set("input_param", input)
      if let last = layers.lastIndex(where: { $0.string("type") == "InnerProduct" }) {
        var parameters = layers[last].message("inner_product_param")
        parameters.set("num_output", classes)
        layers[last].set("inner_product_param", parameters)
      }
      net.set("layer", layers)
    }
  }

  /// MesoNet's paper says 27,977 and 28,615 for 256x256 and one output, of 16 weights and a bias; two have 17 numbers more.
  @Test func mesoNetsHaveTheNumbersOfTheirPaper() throws {
    #expect(try resized("meso4", side: 256, classes: 1).learnableCount == 27_977)
    #expect(try resized("mesoinception4", side: 256, classes: 1).learnableCount == 28_615)
    #expect(try resized("meso4", side: 256, classes: 2).learnableCount == 27_977 + 17)
  }

  /// Behind its convolutions it takes a mean, so its numbers do not depend on the size. Keras' Xception has 22,910,480 numbers for 1000 classes, 54,528 of which are statistics.
  @Test func xceptionHasTheNumbersOfItsRelease() throws {
    let graph = try resized("xceptionnet", side: 128, classes: 1000)
    #expect(graph.learnableCount == 22_910_480 - 54_528)
    let statistics = graph.parameterCount - graph.learnableCount
    #expect(statistics == 54_528 + graph.nodes.count { $0.type == "BatchNorm" })
    #expect(graph.value("block13_add").map { graph.values[$0].shape } == [1, 1024, 4, 4])
    #expect(try PaperNetwork("xceptionnet").deployed().learnableCount == 20_811_050)
  }

  /// MISLnet's release takes 1x256x256 patches and knows six classes.
  @Test func mislnetHasTheShapesOfItsRelease() throws {
    let graph = try resized("mislnet", side: 256, channels: 1, classes: 6)
    let shapes = ["convF", "conv1", "pool1", "pool2", "pool3", "pool4", "fc6", "fc7", "fc8"].map { name in
      graph.value(name).map { graph.values[$0].shape.axes } ?? []
    }
    #expect(
      shapes == [
        [1, 3, 252, 252], [1, 96, 126, 126], [1, 96, 63, 63], [1, 64, 31, 31], [1, 64, 15, 15], [1, 128, 7, 7],
        [1, 200],
        [1, 200], [1, 6],
      ])
    let convolutions = 25 * 3 + 3 + 49 * 3 * 96 + 96 + 25 * 96 * 64 + 64 + 25 * 64 * 64 + 64 + 64 * 128 + 128
    let connected = 6272 * 200 + 200 + 200 * 200 + 200 + 200 * 6 + 6
    #expect(graph.learnableCount == convolutions + connected + 2 * (96 + 64 + 64 + 128))
  }
}
