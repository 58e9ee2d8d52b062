import Crema
import TestSupport
import Testing

/// What passes decide over a chain, and that a net computes the same with and without them.
@Suite struct ChainPassTests {
  private static func text(images: Int) -> String {
    """
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: \(images) dim: 4 dim: 12 dim: 12 } } }
    \(convolution("a", from: "x", "num_output: 8 kernel_size: 3 pad: 1 bias_term: false"))
    layer { name: "a/bn" type: "BatchNorm" bottom: "a" top: "a" }
    layer { name: "a/scale" type: "Scale" bottom: "a" top: "a" scale_param { bias_term: true } }
    layer { name: "a/relu" type: "ReLU" bottom: "a" top: "a" }
    \(convolution("b", from: "a", "num_output: 8 kernel_size: 3 pad: 1 group: 2"))
    layer { name: "b/bias" type: "Bias" bottom: "b" top: "b2" bias_param { filler { type: "gaussian" std: 0.1 } } }
    layer { name: "sum" type: "Eltwise" bottom: "a" bottom: "b2" top: "sum" }
    layer { name: "sum/relu" type: "ReLU" bottom: "sum" top: "sum" relu_param { negative_slope: 0.1 } }
    \(convolution("c", from: "sum", "num_output: 5 kernel_size: 1"))
    layer { name: "c/relu" type: "ReLU" bottom: "c" top: "c" }
    \(convolution("d", from: "sum", "num_output: 3 kernel_size: 3 pad: 2 dilation: 2"))
    layer { name: "concat" type: "Concat" bottom: "c" bottom: "sum" bottom: "d" top: "concat" }
    layer { name: "drop" type: "Dropout" bottom: "concat" top: "drop" }
    layer { name: "pool" type: "Pooling" bottom: "drop" top: "pool" pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
    layer {
      name: "up" type: "Deconvolution" bottom: "pool" top: "up"
      convolution_param { num_output: 4 group: 4 kernel_size: 4 stride: 2 weight_filler { type: "gaussian" std: 0.1 } }
    }
    layer { name: "up/scale" type: "Scale" bottom: "up" top: "up" scale_param { filler { type: "gaussian" std: 1 } } }
    layer { name: "up/relu" type: "ReLU" bottom: "up" top: "y" }
    """
  }

  private static func convolution(_ name: String, from bottom: String, _ parameters: String) -> String {
    """
    layer {
      name: "\(name)" type: "Convolution" bottom: "\(bottom)" top: "\(name)"
      convolution_param { \(parameters) weight_filler { type: "gaussian" std: 0.2 } bias_filler { type: "gaussian" std: 0.1 } }
    }
    """
  }

  private func output(
    images: Int, threads: Int = 2, _ options: Net.Options, blob: String = "y"
  ) throws -> Tensor {
    let net = try Net(
      SmallNet.graph(Self.text(images: images)), random: RandomStream(seed: 3), workers: Workers(count: threads),
      options: options)
    var numbers = Numbers(5)
    for (index, weight) in (net.weights(of: "a/bn") ?? []).enumerated() {
      weight.data.assign(weight.data) { _ in index == 0 ? 0.25 : index == 1 ? 1.5 : 1 }
    }
    let x = try #require(net.blob("x"))
    numbers.fill(x.data)
    // The second pass must not find anything of the first one.
    try net.forward()
    numbers.fill(x.data)
    try net.forward()
    return try #require(net.blob(blob)).data
  }

  private func fast(without passes: [String] = [], watched: Watched = .outputs) -> Net.Options {
    var options = Net.Options(engine: FastEngine())
    (options.disabledPasses, options.watched) = (Set(passes), watched)
    return options
  }

  @Test(arguments: [1, 3, 20], [nil] + Net.Options.passes.map { [$0] } + [Net.Options.passes])
  func passesDoNotChangeResults(images: Int, without passes: [String]?) throws {
    let expected = try output(images: images, Net.Options())
    #expect(expected.values.contains { $0 > 0.01 })
    let found = try output(images: images, fast(without: passes ?? []))
    #expect(difference(found, expected, .forward, what: "without \(passes ?? [])") == nil)
  }

  @Test(arguments: [1, 3])
  func threadsDoNotChangeBits(images: Int) throws {
    let one = try output(images: images, threads: 1, fast()).values
    #expect(try output(images: images, threads: 2, fast()).values == one)
    #expect(try output(images: images, threads: 5, fast()).values == one)
  }

  @Test(arguments: ["a", "b", "b2", "sum", "c", "d", "concat", "drop", "pool", "up"])
  func watchedBlobsAreWritten(blob: String) throws {
    for watched in [Watched.blobs([blob]), .all] {
      let expected = try output(images: 2, Net.Options(), blob: blob)
      let found = try output(images: 2, fast(watched: watched), blob: blob)
      #expect(difference(found, expected, .forward, what: "\(blob), watching \(watched)") == nil)
    }
  }

  private func plan(images: Int = 1, watching blobs: Set<String> = []) throws -> ChainPlan {
    let graph = try SmallNet.graph(Self.text(images: images))
    var options = fast(watched: .blobs(blobs))
    options.isForwardOnly = true
    var plan = ChainPlan(
      1..<graph.nodes.count, in: graph, images: images, watched: Demands(graph, options).watched)
    ChainPass.applyAll(to: &plan, except: [])
    return plan
  }

  private func calls(_ plan: ChainPlan) -> [String] {
    plan.items.map { item in ([item.node] + item.fused).map { plan.graph.nodes[$0].name }.joined(separator: " ") }
  }

  @Test func neighboursBecomeOneCall() throws {
    #expect(
      calls(try plan()) == [
        "a a/bn a/scale a/relu", "b b/bias sum sum/relu", "c c/relu", "d", "concat", "pool", "up up/scale up/relu",
      ])
    #expect(
      calls(try plan(images: 2)) == [
        "a a/bn a/scale a/relu", "b b/bias sum sum/relu", "c c/relu", "d", "concat", "pool", "up up/scale up/relu",
      ])
    #expect(
      calls(try plan(watching: ["b", "up"])) == [
        "a a/bn a/scale a/relu", "b", "b/bias", "sum", "sum/relu", "c c/relu", "d", "concat", "pool",
        "up up/scale", "up/relu",
      ])
  }

  @Test func valuesOfOneTimeDoNotShareMemory() throws {
    let plan = try plan(), shared = SharedMemory(plan)
    var lives: [Int: ClosedRange<Int>] = [:]
    for (index, item) in plan.items.enumerated() {
      for value in item.reads + item.tops {
        let root = plan.root(value).value
        lives[root] = (lives[root]?.lowerBound ?? index)...index
      }
    }
    #expect(shared.offsets.count >= 4)
    var total = 0
    for (root, offset) in shared.offsets {
      let size = plan.graph.values[root].shape.count(from: 1), life = try #require(lives[root])
      total += size
      #expect(offset + size <= shared.count)
      for (other, start) in shared.offsets where other != root && lives[other]?.overlaps(life) == true {
        let end = start + plan.graph.values[other].shape.count(from: 1)
        #expect(end <= offset || offset + size <= start, "values \(root) and \(other)")
      }
    }
    #expect(shared.count < total, "nothing is shared")
  }

  @Test func changesOfWeightsAreNoted() {
    let weights = Tensor([4]), before = weights.stamp
    #expect(before != nil)
    #expect(weights.view([2]).stamp == before)
    weights.view([2]).noteChange()
    #expect(weights.stamp != before)
    weights.lendForGood()
    #expect(weights.stamp == nil)
  }
}
