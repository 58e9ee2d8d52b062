import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// One set of weights in all the forms in which Caffe stored them through the years.
@Suite struct ModelFileTests {
  static let files = [
    "current.caffemodel", "current.caffemodel.h5", "v1.caffemodel", "v0.caffemodel", "unpacked.caffemodel",
    "double.caffemodel",
    "current.upgraded.caffemodel", "v1.upgraded.caffemodel", "v0.upgraded.caffemodel",
  ]
  static let nets = ["net.prototxt", "v1.prototxt", "v0.prototxt"]

  /// What Caffe had in memory after loading any of the files.
  private func expected() throws -> [String] {
    let recording = try Recording(contentsOf: FixtureFolder.path("files/models/expected.h5"))
    return try ["conv1", "conv2", "ip1"].flatMap { layer in
      try recording.numbered(in: "params/\(layer)").enumerated().map { index, tensor in
        "\(layer)/\(index) \(tensor.shape) \(tensor.values.map(\.bitPattern))"
      }
    }
  }

  @Test(arguments: files, nets) func givesTheSameWeights(_ file: String, _ net: String) throws {
    let net = try SmallNet.net(fixture: "files/models/\(net)")
    for blob in net.weights(of: "conv1") ?? [] { blob.data.fill(7) }
    let report = try WeightsFile.load(FixtureFolder.path("files/models/\(file)"), into: net, requiresEveryLayer: true)
    #expect(SmallNet.weights(of: net) == (try expected()))
    #expect(report.isComplete)
    #expect(report.copiedParameters == report.parameters)
  }

  @Test(arguments: files.filter { $0.hasSuffix("model") }) func logsUpgradesAsCaffe(_ file: String) throws {
    struct Run: Decodable {
      struct Line: Decodable { let severity: String, source: String, text: String }
      let command: String
      let messages: [Line]
    }
    struct File: Decodable { let runs: [Run] }
    let data = try #require(
      FileManager.default.contents(atPath: FixtureFolder.path("files/models/upgrade_net_proto_binary.json")))
    let runs = try JSONDecoder().decode(File.self, from: data).runs
    guard let run = runs.first(where: { $0.command.contains(" \(file) ") }) else { return }
    let collector = LogCollector()
    let path = FixtureFolder.path("files/models/\(file)")
    _ = try WeightsFile.load(path, into: SmallNet.net(fixture: "files/models/net.prototxt"), log: collector.log)
    let lines = collector.lines.map { $0.replacingOccurrences(of: path, with: file) }
    #expect(
      lines.filter { $0.contains("upgrade_proto") }
        == run.messages.filter { $0.source.hasPrefix("upgrade_proto") }.map {
          "\($0.severity) \($0.source) \($0.text)"
        })
  }

  /// Reading layer by layer and writing again gives the bytes that Caffe wrote.
  @Test(arguments: [
    "files/models/current.caffemodel", "training/snapshot_binaryproto/snap_iter_10.caffemodel",
    "training/snapshot_diff/snap_iter_3.caffemodel",
  ])
  func writesTheBytesOfCaffe(_ name: String) throws {
    let bytes = try contents(FixtureFolder.path(name))
    let scratch = try ScratchFolder()
    try OutgoingWeights(name: Message(binary: bytes, as: CaffeSchema.net).string("name"), layers: layers(bytes, name))
      .write(to: scratch("copy.caffemodel"), format: .binary)
    #expect(try contents(scratch("copy.caffemodel")) == bytes)
    #expect(scratch.names == ["copy.caffemodel"])
  }

  private func layers(_ bytes: [UInt8], _ name: String) throws -> [OutgoingWeights.Layer] {
    let reader = try CaffemodelReader(FixtureFolder.path(name))
    let definitions = try Message(binary: bytes, as: CaffeSchema.net).messages("layer")
    #expect(reader.layers.map(\.name) == definitions.map { $0.string("name") })
    return zip(definitions, reader.layers).map { definition, stored in
      let blobs = stored.blobs.map { blob in
        OutgoingWeights.Blob(blob.shape, hasGradients: blob.gradientCount > 0) { part throws(Diagnostic) in
          try reader.tensor(blob, part)
        }
      }
      return OutgoingWeights.Layer(definition: definition, blobs: blobs)
    }
  }

  /// The same calls in the same order make Caffe's file, but for the times (4 bytes) of its datasets.
  @Test func writesTheHDF5OfCaffe() throws {
    let scratch = try ScratchFolder()
    let file = "files/models/current.caffemodel"
    try OutgoingWeights(name: "", layers: layers(contents(FixtureFolder.path(file)), file))
      .write(to: scratch("copy.h5"), format: .hdf5)
    let (ours, theirs) = (try contents(scratch("copy.h5")), try contents(FixtureFolder.path("\(file).h5")))
    try #require(ours.count == theirs.count)
    #expect(ours.indices.count { ours[$0] != theirs[$0] } <= 4 * 6)
  }

  @Test(arguments: [WeightsFormat.binary, .hdf5]) func netsComeBack(_ format: WeightsFormat) throws {
    let scratch = try ScratchFolder()
    let net = try SmallNet.net(fixture: "files/models/net.prototxt")
    let before = SmallNet.weights(of: net)
    try writeWeights(of: net, to: scratch("w"), format: format, includesGradients: true)
    for blob in net.weights(of: "conv2") ?? [] { blob.data.fill(0) }
    try WeightsFile.load(scratch("w"), into: net)
    #expect(SmallNet.weights(of: net) == before)
  }
}
