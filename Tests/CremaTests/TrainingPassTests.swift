import Crema
import Prototxt
import TestSupport
import Testing

/// What an engine fuses, divides and shares while training changes no gradient and no statistic.
@Suite struct TrainingPassTests {
  /// Two blocks of a residual net: one with a convolution on the shortcut, one without.
  private static let text = """
    layer { name: "x" type: "Input" top: "x" top: "t" input_param { shape { dim: 3 dim: 4 dim: 20 dim: 20 } shape { dim: 3 dim: 64 } } }
    \(convolution("stem", from: "x", "num_output: 64 kernel_size: 3 pad: 1 bias_term: false"))
    \(norm("stem")) layer { name: "stem/relu" type: "ReLU" bottom: "stem" top: "stem" relu_param { negative_slope: 0.2 } }
    \(convolution("short", from: "stem", "num_output: 128 kernel_size: 1 bias_term: false"))
    \(norm("short"))
    \(convolution("a", from: "stem", "num_output: 64 kernel_size: 3 pad: 1"))
    layer { name: "a/norm" type: "BatchNorm" bottom: "a" top: "a/norm" }
    layer { name: "a/scale" type: "Scale" bottom: "a/norm" top: "a/scale" }
    layer { name: "a/relu" type: "ReLU" bottom: "a/scale" top: "a/relu" }
    \(convolution("b", from: "a/relu", "num_output: 128 kernel_size: 3 pad: 1 bias_term: false"))
    \(norm("b"))
    layer { name: "sum1" type: "Eltwise" bottom: "short" bottom: "b" top: "sum1" }
    layer { name: "sum1/relu" type: "ReLU" bottom: "sum1" top: "sum1" }
    \(convolution("c", from: "sum1", "num_output: 128 kernel_size: 3 pad: 1 bias_term: false"))
    \(norm("c"))
    layer { name: "sum2" type: "Eltwise" bottom: "sum1" bottom: "c" top: "sum2" }
    layer { name: "sum2/relu" type: "ReLU" bottom: "sum2" top: "sum2" }
    layer { name: "d/norm" type: "BatchNorm" bottom: "sum2" top: "d" batch_norm_param { moving_average_fraction: 0.9 } }
    layer { name: "pool" type: "Pooling" bottom: "d" top: "pool" pooling_param { pool: AVE global_pooling: true } }
    layer { name: "y" type: "InnerProduct" bottom: "pool" top: "y"
      inner_product_param { num_output: 64 weight_filler { type: "gaussian" std: 0.1 } } }
    layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }
    """

  private static func convolution(_ name: String, from bottom: String, _ parameters: String) -> String {
    """
    layer { name: "\(name)" type: "Convolution" bottom: "\(bottom)" top: "\(name)"
      convolution_param { \(parameters) weight_filler { type: "msra" } bias_filler { type: "gaussian" std: 0.1 } } }
    """
  }

  private static func norm(_ name: String) -> String {
    """
    layer { name: "\(name)/norm" type: "BatchNorm" bottom: "\(name)" top: "\(name)" }
    layer { name: "\(name)/scale" type: "Scale" bottom: "\(name)" top: "\(name)"
      scale_param { bias_term: true filler { type: "uniform" min: 0.5 max: 1.5 } bias_filler { type: "gaussian" std: 0.2 } } }
    """
  }

  /// A gradient or statistic of a layer, or the loss.
  private struct Result: Sendable {
    let name: String, values: [Float]
  }

  private static let expected = Swift.Result { try results(Net.Options()) }

  /// Gradients and statistics after the second of two steps, and the loss.
  private static func results(threads: Int = 2, _ options: Net.Options) throws -> [Result] {
    let parsed = try TextParser.parse(SourceText(name: "net.prototxt", text), as: CaffeSchema.net)
    let definition = NetDefinition(try Upgrade.net(parsed.message, file: "net.prototxt"))
    let graph = try GraphBuilder.build(definition, state: NetState(phase: .train).message)
    let net = try Net(graph, random: RandomStream(seed: 3), workers: Workers(count: threads), options: options)
    var numbers = Numbers(5), loss: Float = 0
    for _ in 0..<2 {
      for name in ["x", "t"] { numbers.fill(try #require(net.blob(name)).data) }
      loss = try net.forward()
      net.clearGradients()
      try net.backward()
    }
    let weights = graph.nodes.flatMap { node in
      (net.weights(of: node.name) ?? []).enumerated().map { index, blob in
        Result(
          name: "\(node.name)/\(index)", values: (node.type == "BatchNorm" ? blob.data : blob.gradient).values)
      }
    }
    return weights + [Result(name: "loss", values: [loss])]
  }

  private func fast(without passes: [String] = []) -> Net.Options {
    var options = Net.Options(engine: FastEngine())
    options.disabledPasses = Set(passes)
    return options
  }

  @Test(arguments: [nil] + Net.Options.passes.map { [$0] } + [Net.Options.passes])
  func passesDoNotChangeGradients(without passes: [String]?) throws {
    let expected = try Self.expected.get(), found = try Self.results(fast(without: passes ?? []))
    for (a, b) in zip(found, expected) {
      // A bias before a BatchNorm changes nothing.
      #expect(b.name == "a/1" || b.values.contains { abs($0) > 1e-4 }, "\(b.name)")
      let (x, y) = (Tensor([a.values.count], a.values), Tensor([b.values.count], b.values))
      #expect(difference(x, y, .backward, what: "\(a.name) without \(passes ?? [])") == nil)
    }
  }

  @Test func threadsDoNotChangeBits() throws {
    let one = try Self.results(threads: 1, fast()).map(\.values)
    for threads in [2, 5] { #expect(try Self.results(threads: threads, fast()).map(\.values) == one) }
  }

  @Test func gradientsOfOneTimeShareNoMemory() throws {
    let graph = try SmallNet.graph(
      """
      layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }
      """)
    #expect(SharedGradients(graph, [], watched: []) == nil)
    let things = (0..<40).map { i in
      Placement.Thing(key: i, size: 1 + i * 37 % 100, life: (i * 7 % 31)...(i * 7 % 31 + i % 5))
    }
    let placement = Placement(things)
    #expect(placement.count < things.reduce(0) { $0 + $1.size })
    for a in things {
      let start = try #require(placement.offsets[a.key])
      #expect(start % 16 == 0 && start + a.size <= placement.count)
      for b in things where b.key != a.key && b.life.overlaps(a.life) {
        let other = try #require(placement.offsets[b.key])
        #expect(start + a.size <= other || other + b.size <= start)
      }
    }
  }
}
