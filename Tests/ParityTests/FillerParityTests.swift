import Crema
import HDF5
import Prototxt
import TestSupport
import Testing

/// Weights as Caffe's fillers made them: layers in the order of the net, weights before biases, from one stream.
@Suite struct FillerParityTests {
  private static let nets = [
    "bilinear", "constant", "gaussian", "gaussian_sparse", "mixed", "msra_average", "msra_fan_in", "msra_fan_out",
    "positive_unitball", "uniform", "xavier_average", "xavier_fan_in", "xavier_fan_out",
  ]

  @Test(arguments: nets) func fillsWithTheSameBits(net: String) throws {
    let path = FixtureFolder.path("fillers/\(net)")
    let message = try TextParser.parse(contentsOf: path + ".prototxt", as: CaffeSchema.net).message
    let recording = try HDF5File(reading: path + ".h5")
    let random = RandomStream(seed: 1701)
    var count = 0
    for layer in message.messages("layer") {
      for (i, filler) in try fillers(of: layer).enumerated() {
        let name = "param/\(layer.string("name"))/\(i)"
        let tensor = Tensor(Shape(try recording.shape(of: name)))
        try filler.check(tensor.shape)
        filler.fill(tensor, from: random)
        let expected = try recording.floats(at: name)
        #expect(tensor.values == expected, "\(net) \(name)")
        count += 1
      }
    }
    #expect(count >= 2)
  }

  /// Each step of a recurrent layer draws its weights, of which the first are used; the layer after it shows how many were drawn.
  @Test(arguments: ["lstm_draws", "rnn_draws"]) func drawsForEveryStep(net: String) throws {
    let path = FixtureFolder.path("fillers/\(net)")
    let definition = try NetDefinition(contentsOf: path + ".prototxt")
    let graph = try GraphBuilder.build(definition, state: definition.message.message("state"))
    let made = try Net(graph, random: RandomStream(seed: 1701), workers: Workers(count: 1))
    let recording = try Recording(contentsOf: path + ".h5")
    for layer in ["rec", "after"] {
      let weights = try #require(made.weights(of: layer)), recorded = try recording.numbered(in: "param/\(layer)")
      #expect(weights.map(\.shape) == recorded.map(\.shape))
      for (i, (weight, expected)) in zip(weights, recorded).enumerated() {
        #expect(weight.data.values == expected.values, "\(net) \(layer)/\(i)")
      }
    }
  }

  private func fillers(of layer: Message) throws -> [Filler] {
    let parameters =
      ["convolution_param", "inner_product_param", "embed_param"].filter(layer.has).map(layer.message)
    return try parameters.flatMap { parameters in
      try [Filler(parameters.message("weight_filler"))]
        + (parameters.bool("bias_term") ? [Filler(parameters.message("bias_filler"))] : [])
    }
  }
}
