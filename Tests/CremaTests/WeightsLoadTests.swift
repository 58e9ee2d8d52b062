import Crema
import Prototxt
import TestSupport
import Testing

@Suite struct WeightsLoadTests {
  private static func layer(_ name: String, _ outputs: Int, _ bottom: String, _ extra: String = "") -> String {
    "layer { name: \"\(name)\" type: \"InnerProduct\" bottom: \"\(bottom)\" top: \"\(name)\" \(extra) "
      + "inner_product_param { num_output: \(outputs) weight_filler { type: \"uniform\" } } }\n"
  }
  private static let input =
    "name: \"N\" layer { name: \"data\" type: \"Input\" top: \"data\" input_param { shape { dim: 2 dim: 3 } } }\n"

  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  @Test(arguments: [WeightsFormat.binary, .hdf5]) func finetuning(_ format: WeightsFormat) throws {
    let old = try SmallNet.net(Self.input + Self.layer("ip1", 4, "data") + Self.layer("ip", 5, "ip1"))
    let new = try SmallNet.net(Self.input + Self.layer("ip1", 4, "data") + Self.layer("ip_new", 5, "ip1"))
    try writeWeights(of: old, to: scratch("w"), format: format)
    let collector = LogCollector()
    let report = try WeightsFile.load(scratch("w"), into: new, log: collector.log)
    #expect(
      collector.lines.filter { $0.contains("net.cpp") } == [
        "I net.cpp:\(format == .hdf5 ? 801 : 746) Ignoring source layer ip"
      ])
    #expect(report.copiedParameters == 16)
    #expect(report.parameters == 41)
    #expect(report.layers(.ignored).map(\.name) == ["ip"])
    #expect(report.layers(.notFound).map(\.hint) == ["the file has 'ip' of the same shapes"])
    #expect(
      report.description == """
        \(scratch("w")): weights for 1 of 2 layers, 16 of 41 parameters (39 %), 1 ignored
          copied     ip1     InnerProduct  2 blobs  16
          not found  ip_new  InnerProduct  2 blobs  25  the file has 'ip' of the same shapes
          ignored    ip      \(format == .hdf5 ? "            " : "InnerProduct")  2 blobs  25
        """)
    let error = try #require(throws: Diagnostic.self) {
      try WeightsFile.load(scratch("w"), into: new, requiresEveryLayer: true)
    }
    #expect(error.message.contains("layer 'ip_new' gets no weights"))
    #expect(error.location != nil)
  }

  @Test func severalFilesCompleteEachOther() throws {
    let whole = try SmallNet.net(Self.input + Self.layer("a", 4, "data") + Self.layer("b", 5, "a"))
    for (part, file) in [(Self.layer("a", 4, "data"), "a"), (Self.layer("b", 5, "a"), "b")] {
      let bottom =
        file == "a"
        ? Self.input : Self.input.replacing("top: \"data\"", with: "top: \"a\"").replacing("dim: 3", with: "dim: 4")
      try writeWeights(of: SmallNet.net(bottom + part), to: scratch(file), format: .binary)
    }
    let report = try WeightsFile.load([scratch("a"), scratch("b")], into: whole, requiresEveryLayer: true)
    #expect(report.copiedParameters == report.parameters)
  }

  @Test(arguments: [WeightsFormat.binary, .hdf5]) func sharedWeights(_ format: WeightsFormat) throws {
    let shared = "param { name: \"w\" } param { name: \"b\" }"
    let net = try SmallNet.net(Self.input + Self.layer("a", 3, "data", shared) + Self.layer("b", 3, "a", shared))
    try writeWeights(of: net, to: scratch("w"), format: format, includesGradients: true)
    let source = try WeightsFile.open(scratch("w"))
    #expect(source.layers.map(\.blobs.count) == (format == .hdf5 ? [2, 0, 0] : [0, 2, 2]))
    let before = SmallNet.weights(of: net)
    for blob in net.weights(of: "a") ?? [] { blob.data.fill(9) }
    let report = try WeightsFile.load(scratch("w"), into: net, requiresEveryLayer: true)
    #expect(SmallNet.weights(of: net) == before)
    #expect(report.copiedParameters == report.parameters)
    #expect(report.parameters == 12)
  }

  @Test(arguments: [
    (84, 8, "84 = 4 x 21, trained for boxes of 21 classes?"), (5, 3, "trained for 5 classes?"),
  ])
  func guessesClasses(_ stored: Int, _ wanted: Int, _ words: String) throws {
    try writeWeights(of: SmallNet.net(Self.input + Self.layer("ip", stored, "data")), to: scratch("w"), format: .binary)
    let net = try SmallNet.net(Self.input + Self.layer("ip", wanted, "data"))
    let error = try #require(throws: Diagnostic.self) { try WeightsFile.load(scratch("w"), into: net) }
    #expect(error.notes.first?.message.contains(words) == true)
  }

  @Test func everyMismatchIsSaid() throws {
    try writeWeights(
      of: SmallNet.net(Self.input + Self.layer("a", 3, "data") + Self.layer("b", 5, "a")), to: scratch("w"),
      format: .binary)
    let net = try SmallNet.net(Self.input + Self.layer("a", 4, "data") + Self.layer("b", 5, "a"))
    let error = try #require(throws: Diagnostic.self) { try WeightsFile.load(scratch("w"), into: net) }
    #expect(error.message.contains("layer 'a'"))
    #expect(error.notes.contains { $0.message.contains("layer 'b'") })
  }

  @Test func scalarsAndEmptyNamesSurvive() throws {
    let layers = [
      OutgoingWeights.Layer(
        definition: Message(CaffeSchema.layer), blobs: [OutgoingWeights.Blob([]) { _ in Tensor([], [2.5]) }])
    ]
    try OutgoingWeights(name: "", layers: layers).write(to: scratch("w"), format: .binary)
    let source = try CaffemodelReader(scratch("w"))
    #expect(source.layers[0].blobs[0].shape == [])
    #expect(try source.tensor(source.layers[0].blobs[0], .values).values == [2.5])
    let error = try #require(throws: Diagnostic.self) {
      try OutgoingWeights(name: "", layers: layers).write(to: scratch("w.h5"), format: .hdf5)
    }
    #expect(error.message.contains("cannot be the name of an HDF5 group"))
  }
}
