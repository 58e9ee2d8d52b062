import Crema
import CremaConvert
import Prototxt
import TestSupport
import Testing

@Suite struct WeightsConversionTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// Everything that a file says of its layers, types apart.
  private func facts(_ path: String) throws -> [String] {
    let source = try WeightsFile.open(path)
    return try source.layers.sorted { $0.name < $1.name }.map { layer in
      try "\(layer.name) "
        + layer.blobs.map { "\($0.index) \($0.shape) \(try source.tensor($0, .values).values.map(\.bitPattern))" }
        .joined(separator: ";")
    }
  }

  @Test(arguments: ["current", "v1", "v0", "unpacked"]) func throughHDF5AndBack(_ name: String) throws {
    let original = FixtureFolder.path("files/models/\(name).caffemodel")
    try WeightsConversion.convert(from: original, to: scratch("w.h5"))
    try WeightsConversion.convert(from: scratch("w.h5"), to: scratch("w.caffemodel"))
    #expect(try facts(scratch("w.h5")) == facts(original))
    #expect(try facts(scratch("w.caffemodel")) == facts(original))
    #expect(scratch.names == ["w.caffemodel", "w.h5"])
  }

  @Test func legacyShapesKeepFourAxesUnlessANetIsGiven() throws {
    let original = FixtureFolder.path("files/models/v0.caffemodel")
    try WeightsConversion.convert(from: original, to: scratch("w.h5"))
    let net = try SmallNet.net(fixture: "files/models/net.prototxt")
    let error = #expect(throws: Diagnostic.self) { try WeightsFile.load(scratch("w.h5"), into: net) }
    #expect(error?.notes.first?.message.contains("--model") == true)
    let report = try WeightsConversion.convert(from: original, to: scratch("w.h5"), graph: net.graph)
    #expect(report?.isComplete == true)
    try WeightsFile.load(scratch("w.h5"), into: net, requiresEveryLayer: true)
  }

  /// With a net's definition nothing is lost on the way through HDF5.
  @Test func aGraphGivesTypesBack() throws {
    let original = FixtureFolder.path("files/models/current.caffemodel")
    let graph = try SmallNet.graph(SmallNet.text(fixture: "files/models/net.prototxt"))
    try WeightsConversion.convert(from: original, to: scratch("direct.caffemodel"), graph: graph)
    try WeightsConversion.convert(from: original, to: scratch("w.h5"))
    try WeightsConversion.convert(from: scratch("w.h5"), to: scratch("w.caffemodel"), graph: graph)
    #expect(try contents(scratch("w.caffemodel")) == contents(scratch("direct.caffemodel")))
    #expect(try CaffemodelReader(scratch("w.caffemodel")).layers.map(\.type).contains("InnerProduct"))
  }

  @Test func missingLayersAreAnErrorUnlessAllowed() throws {
    let text = try SmallNet.text(fixture: "files/models/net.prototxt").replacing("\"ip1\"", with: "\"ip2\"")
    let graph = try SmallNet.graph(text)
    let source = FixtureFolder.path("files/models/current.caffemodel")
    let error = #expect(throws: Diagnostic.self) {
      try WeightsConversion.convert(from: source, to: scratch("w.h5"), graph: graph)
    }
    #expect(error?.message.contains("layer 'ip2' gets no weights") == true)
    #expect(error?.notes.first?.message.contains("the file has 'ip1' of the same shapes") == true)
    #expect(scratch.names == [])
    let report = try WeightsConversion.convert(from: source, to: scratch("w.h5"), graph: graph, allowMissing: true)
    #expect(report?.layers(.notFound).map(\.name) == ["ip2"])
  }

  @Test func saysWhatItCannotDo() throws {
    let source = FixtureFolder.path("files/models/current.caffemodel")
    func words(_ target: String) throws -> String {
      try #require(throws: Diagnostic.self) { try WeightsConversion.convert(from: source, to: target) }.message
    }
    #expect(try words(scratch("w.bin")).contains("does not say in which format"))
    #expect(try words(scratch("w.caffemodel")).contains("have the same format"))
    #expect(try words(scratch("missing/w.h5")).contains("the folder '\(scratch("missing"))' does not exist"))
    #expect(scratch.names == [])
  }
}
