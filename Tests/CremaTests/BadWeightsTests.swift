import Crema
import Prototxt
import TestSupport
import Testing

/// Files of weights that are wrong in one way each.
@Suite struct BadWeightsTests {
  private func failure(_ name: String, _ file: String = "weights.caffemodel") throws -> Diagnostic {
    let net = try SmallNet.net(fixture: "bad/\(name)/net.prototxt")
    let before = SmallNet.weights(of: net)
    let error = try #require(throws: Diagnostic.self) {
      try WeightsFile.load(FixtureFolder.path("bad/\(name)/\(file)"), into: net)
    }
    #expect(SmallNet.weights(of: net) == before, "a file that does not fit must not change the net")
    return error
  }

  @Test func truncated() throws {
    let message = try failure("weights_truncated").message
    #expect(message.contains("weights.caffemodel, byte 582: field 100 should have 41 bytes, but only 2 are left"))
    #expect(message.contains("copy it again"))
  }

  @Test func corrupt() throws { #expect(try failure("weights_corrupt").message.contains("byte ")) }

  @Test func empty() throws { #expect(try failure("weights_empty_file").message.contains("is empty (0 bytes)")) }

  @Test func blobMissing() throws {
    let error = try failure("weights_blob_missing")
    #expect(error.message.contains("Incompatible number of blobs for layer conv1: 1 (4x3x3x3)"))
    #expect(error.message.contains("2 (4x3x3x3, 4) in the net"))
    #expect(error.location != nil)
    #expect(error.notes.first?.message.contains("bias_term: false") == true)
  }

  @Test func otherShape() throws {
    let error = try failure("weights_other_shape")
    #expect(error.message.contains("source param shape is 5 36 (180), target param shape is 3 36 (108)"))
    #expect(error.notes.first?.message.contains("trained for 5 classes?") == true)
  }

  @Test func noLayerMatches() throws {
    #expect(try failure("weights_no_layer_matches").message.contains("fits no layer of net 'Tiny'"))
  }

  @Test func hdf5Truncated() throws {
    let message = try failure("weights_hdf5_truncated", "weights.caffemodel.h5").message
    #expect(message.contains("truncated file"))
  }

  @Test func hdf5DatasetTooMany() throws {
    let message = try failure("weights_hdf5_dataset_too_many", "weights.caffemodel.h5").message
    #expect(message.contains("Incompatible number of blobs for layer conv1: 3"))
  }

  /// Caffe wrote this file and cannot read it.
  @Test func slashesInLayerNames() throws {
    let net = try SmallNet.net(fixture: "bad/weights_hdf5_slash_in_layer_name/net.prototxt")
    let path = FixtureFolder.path("bad/weights_hdf5_slash_in_layer_name/weights.caffemodel.h5")
    let report = try WeightsFile.load(path, into: net, requiresEveryLayer: true)
    #expect(report.layers(.copied).map(\.name) == ["conv1", "conv1/bn", "ip1"])
    let scratch = try ScratchFolder()
    let before = SmallNet.weights(of: net)
    try writeWeights(of: net, to: scratch("w.h5"), format: .hdf5)
    for blob in net.weights(of: "conv1/bn") ?? [] { blob.data.fill(3) }
    try WeightsFile.load(scratch("w.h5"), into: net)
    #expect(SmallNet.weights(of: net) == before)
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"),
    ("<!DOCTYPE html><html><body>404</body></html>", "a web page"), ("name: \"Tiny\"\nlayer { }\n", "is a text"),
    ("PK\u{3}\u{4}\u{0}\u{0}", "unpack it first"),
  ])
  func isSomethingElse(_ text: String, _ words: String) throws {
    let scratch = try ScratchFolder()
    try write(text.utf8, to: scratch("weights.caffemodel"))
    let net = try SmallNet.net(fixture: "bad/weights_truncated/net.prototxt")
    let error = try #require(throws: Diagnostic.self) { try WeightsFile.load(scratch("weights.caffemodel"), into: net) }
    #expect(error.message.contains(words))
  }

  @Test(arguments: [
    ("bad/state_truncated/snap_iter_2.solverstate", "is a solver state"),
    ("training/snapshot_binaryproto/snap_iter_10.solverstate", "is a solver state"),
    ("training/snapshot_hdf5/snap_iter_10.solverstate.h5", "is a solver state"),
    ("files/models/expected.h5", "has no group 'data'"),
  ])
  func isAnotherFile(_ file: String, _ words: String) throws {
    let net = try SmallNet.net(fixture: "bad/weights_truncated/net.prototxt")
    let error = try #require(throws: Diagnostic.self) { try WeightsFile.load(FixtureFolder.path(file), into: net) }
    #expect(error.message.contains(words))
  }

  /// Cut anywhere, the file is an error, never a crash; only the very end of its layers can be mistaken for the whole.
  @Test(arguments: ["current", "v0", "unpacked", "double"]) func cutAnywhere(_ name: String) throws {
    let scratch = try ScratchFolder()
    let bytes = try contents(FixtureFolder.path("files/models/\(name).caffemodel"))
    var accepted = 0
    for count in Array(stride(from: 0, to: bytes.count, by: 37)) + Array(bytes.count - 40..<bytes.count) {
      try write(bytes[..<count], to: scratch("w.caffemodel"))
      do {
        let source = try CaffemodelReader(scratch("w.caffemodel"))
        for blob in source.layers.flatMap(\.blobs) { _ = try source.tensor(blob, .values) }
        accepted += 1
      } catch { #expect(error.message.contains("w.caffemodel"), "\(error)") }
    }
    #expect(accepted <= 12, "cuts between two layers")
  }

  /// With a wrong byte anywhere the file is read or refused, never a crash.
  @Test func wrongBytes() throws {
    let scratch = try ScratchFolder()
    let bytes = try contents(FixtureFolder.path("bad/weights_no_layer_matches/weights.caffemodel"))
    for offset in stride(from: 0, to: bytes.count, by: 3) {
      for wrong in [0xFF, bytes[offset] ^ 1] {
        var copy = bytes
        copy[offset] = wrong
        try write(copy, to: scratch("w.caffemodel"))
        guard let source = try? CaffemodelReader(scratch("w.caffemodel")) else { continue }
        for blob in source.layers.flatMap(\.blobs) { _ = try? source.tensor(blob, .values) }
      }
    }
  }
}
