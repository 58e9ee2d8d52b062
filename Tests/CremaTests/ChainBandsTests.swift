import Crema
import TestSupport
import Testing

/// Chains over images so large that they are computed in bands of rows.
@Suite struct ChainBandsTests {
  private static let text = """
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 200 dim: 221 } } }
    layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 2 } } }
    \(convolution("a", from: "x", "num_output: 3 kernel_size: 3 pad: 1"))
    layer {
      name: "difference" type: "Eltwise" bottom: "a" bottom: "x" top: "difference" eltwise_param { coeff: 1 coeff: -1 }
    }
    \(convolution("b", from: "difference", "num_output: 6 kernel_size: 3 pad: 1"))
    layer { name: "concat" type: "Concat" bottom: "b" bottom: "difference" top: "concat" }
    \(convolution("c", from: "concat", "num_output: 32 kernel_size: 3"))
    layer { name: "pool" type: "Pooling" bottom: "c" top: "pool" pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
    layer { name: "relu" type: "ReLU" bottom: "pool" top: "pool" }
    layer { name: "mean" type: "Pooling" bottom: "pool" top: "mean" pooling_param { pool: AVE global_pooling: true } }
    layer {
      name: "ip" type: "InnerProduct" bottom: "mean" top: "ip"
      inner_product_param { num_output: 2 weight_filler { type: "gaussian" std: 0.3 } }
    }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
    """

  private static func convolution(_ name: String, from bottom: String, _ parameters: String) -> String {
    """
    layer {
      name: "\(name)" type: "Convolution" bottom: "\(bottom)" top: "\(name)"
      convolution_param { \(parameters) weight_filler { type: "gaussian" std: 0.2 } bias_filler { type: "gaussian" std: 0.1 } }
    }
    """
  }

  /// The loss and the gradients of the convolutions.
  private func run(_ engine: (any Engine)?, threads: Int) throws -> (loss: Float, gradients: [[Float]]) {
    let net = try Net(
      SmallNet.graph(Self.text), random: RandomStream(seed: 5), workers: Workers(count: threads),
      options: Net.Options(engine: engine))
    var numbers = Numbers(7)
    try numbers.fill(#require(net.blob("x")).data)
    try #require(net.blob("label")).data.copy([0, 1])
    let loss = try net.forward()
    try net.backward()
    return (loss, ["a", "b", "c"].flatMap { (net.weights(of: $0) ?? []).map(\.gradient.values) })
  }

  @Test func bandsComputeWhatLayersCompute() throws {
    let expected = try run(nil, threads: 1), found = try run(FastEngine(usesWinograd: false), threads: 2)
    #expect(abs(found.loss - expected.loss) < 1e-5)
    #expect(expected.gradients.count == 6)
    for (a, b) in zip(found.gradients, expected.gradients) {
      let error = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }, size = b.reduce(0) { $0 + $1 * $1 }
      #expect(size > 0 && error <= 1e-6 * size, "\(error) of \(size)")
    }
  }

  @Test func threadsDoNotChangeBits() throws {
    let one = try run(FastEngine(), threads: 1), two = try run(FastEngine(), threads: 2)
    #expect(one.loss == two.loss)
    #expect(one.gradients == two.gradients)
  }
}
