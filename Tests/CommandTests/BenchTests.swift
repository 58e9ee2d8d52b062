import Crema
import CremaCommand
import Foundation
import Prototxt
import Testing

/// The networks of `crema bench` are those of their papers.
struct BenchTests {
  /// Parameters are those that the authors' files hold: weights, biases, and BatchNorm's scale and shift.
  static let networks: [(network: BenchNetwork, parameters: Int, megaMultiplyAdds: Int)] = [
    (.leNet, 431_080, 2), (.cifarQuick, 145_578, 12), (.squeezeNet, 1_235_496, 388), (.mobileNet, 4_231_976, 569),
    (.resNet50, 25_557_032, 3858), (.resNet152, 60_192_808, 11283), (.vgg16, 138_357_544, 15470),
    (.alexNet, 60_965_224, 724), (.caffeNet, 60_965_224, 724), (.googLeNet, 6_998_552, 1582),
    (.ssd300, 26_285_486, 31373),
  ]

  private func graph(_ text: String) throws -> Graph {
    let result = try TextParser.parse(SourceText(name: "net", text), as: CaffeSchema.net)
    return try GraphBuilder.build(NetDefinition(result.message), state: NetState(phase: .test).message)
  }

  @Test(arguments: networks.indices)
  func networkIsThatOfItsPaper(_ index: Int) throws {
    let (network, parameters, megaMultiplyAdds) = Self.networks[index]
    let graph = try graph(network.inference(batch: 1, fills: index.isMultiple(of: 2)))
    let statistics = Set(
      graph.nodes.filter { $0.type == "BatchNorm" }.flatMap { $0.weights.map(\.parameter) })
    let learned = graph.parameters.indices.filter { !statistics.contains($0) }
    #expect(learned.reduce(0) { $0 + graph.parameters[$1].shape.count } == parameters)
    #expect(abs(graph.forwardOperations / 2_000_000 - megaMultiplyAdds) <= 1 + megaMultiplyAdds / 100)
  }
}
