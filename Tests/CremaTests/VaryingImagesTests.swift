import Crema
import LMDB
import Prototxt
import TestSupport
import Testing

/// Databases whose images have different sizes: a batch has the size of its first image, and the net follows.
@Suite struct VaryingImagesTests {
  private let scratch: ScratchFolder
  private static let sizes = [(3, 4), (3, 4), (6, 2), (5, 5)]

  init() throws {
    scratch = try ScratchFolder()
    var writer = try Writer(creating: scratch("db"))
    for (index, (height, width)) in Self.sizes.enumerated() {
      let pixels = (0..<height * width).map { UInt8($0 + 10 * index) }
      try writer.put("\(index)", Datum.encoded(channels: 1, height: height, width: width, pixels: pixels, label: index))
    }
    try writer.close()
  }

  private func net(_ batch: Int, engine: (any Engine)? = nil) throws -> Net {
    let graph = { (environment: InputEnvironment) in
      var options = GraphBuilder.Options()
      options.environment = environment
      let text = """
        layer { name: "data" type: "Data" top: "data" top: "label"
                data_param { source: "\(scratch("db"))" batch_size: \(batch) backend: LMDB } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 2 kernel_size: 2
                weight_filler { type: "constant" value: 1 } } }
        layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
        layer { name: "sum" type: "Reduction" bottom: "c" top: "y" reduction_param { axis: 1 } }
        layer { name: "quiet" type: "Silence" bottom: "label" }
        """
      let message = try TextParser.parse(SourceText(name: "net.prototxt", text), as: CaffeSchema.net).message
      return try GraphBuilder.build(NetDefinition(message), state: NetState().message, options: options)
    }
    return try Net(
      graph(InputEnvironment()), random: RandomStream(seed: 1), workers: Workers(count: 2),
      options: Net.Options(engine: engine))
  }

  private func sum(_ index: Int) -> Float {
    let (height, width) = Self.sizes[index]
    var total = 0
    for row in 0..<height - 1 {
      for column in 0..<width - 1 {
        for (r, c) in [(0, 0), (0, 1), (1, 0), (1, 1)] { total += (row + r) * width + column + c + 10 * index }
      }
    }
    return Float(2 * total)
  }

  @Test(arguments: [false, true]) func theNetFollowsItsImages(usesEngine: Bool) throws {
    let net = try net(1, engine: usesEngine ? FastEngine() : nil)
    for index in [0, 1, 2, 3, 0, 1, 2] {
      try net.forward()
      let (height, width) = Self.sizes[index]
      #expect(net.blob("data")?.shape == [1, 1, height, width])
      #expect(net.blob("label")?.data.values == [Float(index)])
      #expect(net.blob("y")?.data.values == [sum(index)])
    }
  }

  @Test func imagesOfABatchHaveOneSize() throws {
    let net = try net(2)
    try net.forward()
    #expect(net.blob("y")?.data.values == [sum(0), sum(1)])
    let error = #expect(throws: Diagnostic.self) { try net.forward() }
    #expect(error?.message.contains("its image is 1x5x5, but the first one of the batch is 1x6x2") == true)
    #expect(error?.message.contains("batch_size: 1") == true)
  }
}
