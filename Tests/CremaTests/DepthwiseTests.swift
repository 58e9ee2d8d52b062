import Crema
import Prototxt
import TestSupport
import Testing

/// DepthwiseConvolution and ConvolutionDepthwise are convolutions with a group for each output.
@Suite struct DepthwiseTests {
  private func upgraded(_ text: String) throws -> Message {
    let result = try TextParser.parse(SourceText(name: "net.prototxt", text), as: CaffeSchema.net)
    #expect(try result.judge(permissive: false).isEmpty)
    return try Upgrade.net(result.message, file: "net.prototxt").messages("layer")[0]
  }

  @Test(arguments: [
    ("ConvolutionDepthwise", "", 6), ("DepthwiseConvolution", "group: 6", 6), ("DepthwiseConvolution", "", 6),
    ("ConvolutionDepthwise", "group: 6", 6), ("DepthwiseConvolution", "group: 3", 3),
  ])
  func groups(_ type: String, _ field: String, _ group: Int) throws {
    let layer = try upgraded(
      "layer { name: 'c' type: '\(type)' bottom: 'a' top: 'y' convolution_param { num_output: 6 kernel_size: 3 \(field) } }"
    )
    #expect(layer.string("type") == "Convolution")
    #expect(layer.message("convolution_param").int("group") == group)
    #expect(layer.location(of: "type")?.line == 1)
  }

  @Test func anotherGroupIsRefused() throws {
    let text = "layer { type: 'ConvolutionDepthwise' convolution_param { num_output: 6 group: 2 } }"
    let error = try #require(throws: Diagnostic.self) { try upgraded(text) }
    #expect(error.message.contains("ConvolutionDepthwise has a group for each of its 6 outputs, not 2"))
  }

  @Test func eachChannelIsConvolvedOnItsOwn() throws {
    let layer = try upgraded(
      """
      layer { name: 'c' type: 'ConvolutionDepthwise' bottom: 'a' top: 'y'
        convolution_param { num_output: 3 kernel_size: 3 pad: 1 stride: 2 dilation: 2 } }
      """)
    let x = random([2, 3, 7, 6]), at = reader(x)
    let run = try LayerRun(makeLayer(layer, phase: .test), bottoms: [Blob(x, gradient: Tensor(x.shape))])
    #expect(run.weights.map(\.shape) == [[3, 1, 3, 3], [3]])
    let w = random([3, 1, 3, 3], 5), bias = random([3], 6), weight = reader(w)
    run.weights[0].data.copy(w)
    run.weights[1].data.copy(bias)
    run.forward(pieces: 2)
    let expected = table([2, 3, 3, 2]) { n, c, h, v in
      var sum = bias.values[c]
      for i in 0..<3 {
        for j in 0..<3 {
          let (row, column) = (h * 2 - 1 + i * 2, v * 2 - 1 + j * 2)
          if row >= 0, row < 7, column >= 0, column < 6 { sum += weight(c, 0, i, j) * at(n, c, row, column) }
        }
      }
      return sum
    }
    #expect(difference(run.tops[0].data, expected, .forward, what: "top") == nil)
  }
}
