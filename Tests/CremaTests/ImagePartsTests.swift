import Crema
import TestSupport
import Testing

/// One image that several threads share: each computes a part of every layer, and the number of parts changes no bit.
@Suite struct ImagePartsTests {
  private static let text = """
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 dim: 61 dim: 57 } } }
    \(convolution("a", from: "x", "num_output: 40 kernel_size: 7 stride: 2 pad: 3"))
    layer { name: "a/relu" type: "ReLU" bottom: "a" top: "a" }
    layer { name: "p" type: "Pooling" bottom: "a" top: "p" pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
    \(convolution("d", from: "p", "num_output: 40 group: 40 kernel_size: 3 pad: 1"))
    \(convolution("b", from: "d", "num_output: 130 kernel_size: 1"))
    \(convolution("s", from: "b", "num_output: 130 group: 130 kernel_size: 3 stride: 2 pad: 1"))
    \(convolution("c", from: "s", "num_output: 72 kernel_size: 3 pad: 1"))
    layer { name: "g" type: "Pooling" bottom: "c" top: "g" pooling_param { pool: AVE global_pooling: true } }
    layer { name: "i" type: "InnerProduct" bottom: "g" top: "i"
      inner_product_param { num_output: 33 weight_filler { type: "gaussian" std: 0.2 } } }
    layer { name: "y" type: "Softmax" bottom: "i" top: "y" }
    """

  private static func convolution(_ name: String, from bottom: String, _ parameters: String) -> String {
    """
    layer { name: "\(name)" type: "Convolution" bottom: "\(bottom)" top: "\(name)"
      convolution_param { \(parameters) weight_filler { type: "gaussian" std: 0.1 } bias_filler { type: "gaussian" std: 0.1 } } }
    """
  }

  private func output(threads: Int, engine: (any Engine)?) throws -> [Float] {
    let net = try Net(
      SmallNet.graph(Self.text), random: RandomStream(seed: 7), workers: Workers(count: threads),
      options: Net.Options(engine: engine))
    var numbers = Numbers(11)
    numbers.fill(try #require(net.blob("x")).data)
    for _ in 0..<20 { try net.forward() }
    return try #require(net.blob("y")).data.values
  }

  @Test func threadsChangeNoBit() throws {
    let alone = try output(threads: 1, engine: FastEngine())
    for threads in [2, 3, 5, 16] {
      #expect(try output(threads: threads, engine: FastEngine()) == alone, "\(threads) threads")
    }
    for (fast, plain) in zip(alone, try output(threads: 2, engine: nil)) { #expect(abs(fast - plain) < 1e-5) }
  }

  /// Helpers that sleep, or come late, get no job twice and none of a later phase.
  @Test func everyJobRunsOnce() {
    let workers = Workers(count: 4)
    for round in 0..<3000 {
      let jobs = 1 + round % 9, counts = Tensor([jobs])
      workers.run(jobs) { _, job in counts.write { $0[job] += 1 } }
      #expect(counts.values.allSatisfy { $0 == 1 })
    }
  }
}
