import Crema
import CremaConvert
import Foundation
import Prototxt
import TestSupport
import Testing

/// Weights of NVIDIA's Caffe: raw numbers of two, four or eight bytes, and a BatchNorm with five blobs.
@Suite struct ForeignFileTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// A BlobProto with raw numbers.
  private func raw(_ shape: [Int], type: Int64, _ bytes: [UInt8]) -> [UInt8] {
    var axes = WireWriter(), dimensions = WireWriter(), blob = WireWriter()
    for axis in shape { axes.varint(UInt64(axis)) }
    dimensions.field(1, axes.bytes)
    blob.field(7, dimensions.bytes)
    blob.field(10, type)
    blob.field(12, bytes)
    return blob.bytes
  }

  private func plain(_ shape: [Int], _ values: [Float]) -> [UInt8] {
    var axes = WireWriter(), dimensions = WireWriter(), blob = WireWriter(), run = WireWriter()
    for axis in shape { axes.varint(UInt64(axis)) }
    for value in values { run.fixed32(value.bitPattern) }
    dimensions.field(1, axes.bytes)
    blob.field(5, run.bytes)
    blob.field(7, dimensions.bytes)
    return blob.bytes
  }

  private func model(_ layers: [(name: String, type: String, blobs: [[UInt8]])]) throws -> String {
    var net = WireWriter()
    net.field(1, "foreign")
    for layer in layers {
      var message = WireWriter()
      message.field(1, layer.name)
      message.field(2, layer.type)
      for blob in layer.blobs { message.field(7, blob) }
      net.field(100, message.bytes)
    }
    try write(net.bytes, to: scratch("foreign.caffemodel"))
    return scratch("foreign.caffemodel")
  }

  private let inner = """
    layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 2 } }
    """

  @Test func readsRawNumbers() throws {
    let halves: [UInt16] = [0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff, 0x8000]
    var doubles = WireWriter()
    for value in [0.1, -3.0] { doubles.fixed64(value.bitPattern) }
    let path = try model([
      (
        "ip", "InnerProduct",
        [
          raw([2, 3], type: 2, halves.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }),
          raw([2], type: 0, doubles.bytes),
        ]
      )
    ])
    let net = try SmallNet.net(inner)
    try WeightsFile.load(path, into: net)
    let weights = try #require(net.weights(of: "ip")).map(\.data.values)
    #expect(weights == [[1, -2, 0.33325195, 5.9604645e-8, 65504, -0.0], [0.1, -3]])
    try WeightsConversion.convert(from: path, to: scratch("plain.h5"))
    let other = try SmallNet.net(inner)
    try WeightsFile.load(scratch("plain.h5"), into: other)
    #expect(try #require(other.weights(of: "ip")).map(\.data.values) == weights)
  }

  @Test func refusesRawNumbersOfOtherTypes() throws {
    for (type, bytes, part) in [
      (Int64(3), 24, "raw numbers of the type 3; DOUBLE, FLOAT, FLOAT16 are known"), (1, 23, "not a multiple of 4"),
    ] {
      let blob = raw([2, 3], type: type, Array(repeating: 0, count: bytes))
      let error = #expect(throws: Diagnostic.self) {
        try WeightsFile.load(try model([("ip", "InnerProduct", [blob])]), into: SmallNet.net(inner))
      }
      #expect(error?.message.contains(part) == true, "\(String(describing: error))")
    }
    let short = raw([2, 3], type: 1, Array(repeating: 0, count: 20))
    #expect(throws: Diagnostic.self) {
      try WeightsFile.load(
        try model([("ip", "InnerProduct", [short, plain([2], [0, 0])])]), into: SmallNet.net(inner))
    }
  }

  private let normal = """
    layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 dim: 1 dim: 1 } } }
    layer { name: "bn" type: "BatchNorm" bottom: "x" top: "b" batch_norm_param { eps: 0.0 } }
    layer { name: "scale" type: "Scale" bottom: "b" top: "b" scale_param { bias_term: true } }
    """

  /// Today's order of the blobs, and that of DIGITS.
  @Test(arguments: [false, true]) func dividesABatchNormOfFiveBlobs(isOld: Bool) throws {
    let (mean, variance, scale, bias): ([Float], [Float], [Float], [Float]) = ([1, 2], [4, 16], [3, 5], [0.5, -1])
    let shape = isOld ? [1, 2, 1, 1] : [2]
    let blobs =
      isOld
      ? [plain(shape, scale), plain(shape, bias), plain(shape, mean), plain(shape, variance), plain([1], [0])]
      : [plain(shape, mean), plain(shape, variance), plain([1], [1]), plain(shape, scale), plain(shape, bias)]
    let path = try model([("bn", "BatchNorm", blobs)])
    let net = try SmallNet.net(normal)
    #expect(try WeightsFile.load(path, into: net, requiresEveryLayer: true).isComplete)
    try net.forward(feeding: ["x": [5, 10]])
    #expect(net.blob("b")?.data.values == [6.5, 9])
    try WeightsConversion.convert(from: path, to: scratch("bvlc.caffemodel"), graph: net.graph)
    let other = try SmallNet.net(normal)
    try WeightsFile.load(scratch("bvlc.caffemodel"), into: other, requiresEveryLayer: true)
    try other.forward(feeding: ["x": [5, 10]])
    #expect(other.blob("b")?.data.values == [6.5, 9])
  }

  @Test func saysWhatABatchNormOfFiveBlobsNeeds() throws {
    let path = try model([("bn", "BatchNorm", (0..<5).map { _ in plain([2], [1, 1]) })])
    let error = #expect(throws: Diagnostic.self) {
      try WeightsFile.load(path, into: SmallNet.net(normal.replacingOccurrences(of: "bias_term: true", with: "")))
    }
    #expect(error?.notes.first?.message.contains("put a Scale layer with bias_term: true behind it") == true)
  }

  /// A net with `scale_bias` is one with a Scale behind the BatchNorm, which takes the blobs.
  @Test func translatesScaleBias() throws {
    let text = """
      layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 dim: 1 dim: 1 } } }
      layer { name: "bn" type: "BatchNorm" bottom: "x" top: "b" include { phase: TEST }
              batch_norm_param { eps: 0.0 scale_bias: true } }
      layer { name: "relu" type: "ReLU" bottom: "b" top: "b" }
      """
    let result = try TextParser.parse(SourceText(name: "net.prototxt", text), as: CaffeSchema.net)
    #expect(try result.judge(permissive: false).isEmpty)
    let net = try SmallNet.net(text)
    #expect(net.graph.nodes.map(\.name) == ["in", "bn", "bn_scale", "relu"])
    let path = try model([
      (
        "bn", "BatchNorm",
        [plain([2], [1, 2]), plain([2], [4, 16]), plain([1], [1]), plain([2], [3, 5]), plain([2], [0.5, -1])]
      )
    ])
    #expect(try WeightsFile.load(path, into: net, requiresEveryLayer: true).isComplete)
    try net.forward(feeding: ["x": [5, -10]])
    #expect(net.blob("b")?.data.values == [6.5, 0])
    let plainNet = try SmallNet.net(text.replacingOccurrences(of: "scale_bias: true", with: "scale_bias: false"))
    #expect(plainNet.graph.nodes.count == 3)
  }

  /// Layers that cannot be computed keep their blobs as they are in the file.
  @Test func convertsLayersThatItDoesNotKnow() throws {
    let text = """
      \(inner)
      layer { name: "odd" type: "Odd" bottom: "y" top: "z" odd_param { a: 1 } }
      layer { name: "after" type: "InnerProduct" bottom: "z" top: "w" inner_product_param { num_output: 2 } }
      """
    let path = try model([
      ("ip", "InnerProduct", [plain([2, 3], [1, 2, 3, 4, 5, 6]), plain([2], [7, 8])]),
      ("odd", "Odd", [plain([1, 2], [9, 10])]),
      ("after", "InnerProduct", [plain([2, 1], [11, 12]), plain([2], [0, 1])]),
    ])
    var options = GraphBuilder.Options()
    options.acceptsOpaque = true
    let parsed = try TextParser.parse(SourceText(name: "net.prototxt", text), as: CaffeSchema.net)
    let graph = try GraphBuilder.build(NetDefinition(parsed.message), state: NetState().message, options: options)
    for target in [scratch("out.caffemodel"), scratch("out.caffemodel.h5")] {
      try WeightsConversion.convert(from: path, to: target, graph: graph)
      let source = try WeightsFile.open(target)
      let blobs = try Dictionary(
        uniqueKeysWithValues: source.layers.map { layer in
          (layer.name, try layer.blobs.map { try source.tensor($0, .values) }.map { "\($0.shape) \($0.values)" })
        })
      #expect(blobs["ip"]?.first == "2x3 [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]")
      #expect(blobs["odd"] == ["1x2 [9.0, 10.0]"])
      #expect(blobs["after"] == ["2x1 [11.0, 12.0]", "2 [0.0, 1.0]"])
    }
  }
}
