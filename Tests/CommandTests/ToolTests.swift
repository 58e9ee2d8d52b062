import Crema
import Foundation
import LMDB
import TestSupport
import Testing

/// Caffe's smaller tools, as the recorded ones ran.
@Suite struct ToolTests {
  private struct Record: Decodable {
    struct Line: Decodable { let severity: String, source: String, text: String }
    let command: String
    let messages: [Line]
  }

  private struct Records: Decodable { let runs: [Record] }

  /// The log lines of a tool's own source file, without times.
  private func lines(_ errors: String, of source: String) -> [String] {
    errors.matches(of: /([IWE])\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ ([a-z_]+\.cpp:\d+)\] (.*)/)
      .filter { $0.2.hasPrefix(source) }.map { "\($0.1) \($0.2) \($0.3)" }
  }

  private func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  @Test(arguments: ["v0", "v1", "current"]) func upgradesWeights(_ name: String) throws {
    let scratch = try Scratch(copying: ["models"], of: "files")
    defer { scratch.remove() }
    let words = ["upgrade", "models/\(name).caffemodel", "new.caffemodel"]
    let run = try Program.run(words, in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    let wanted = FixtureFolder.path("files/models/\(name).upgraded.caffemodel")
    #expect(try contents("\(scratch.path)/new.caffemodel") == contents(wanted))
    let file = FixtureFolder.path("files/models/upgrade_net_proto_binary.json")
    let record = try #require(
      JSONDecoder().decode(Records.self, from: contents(file)).runs.first { $0.command.contains(" \(name).caffemodel") }
    )
    let recorded = record.messages.filter { $0.source.hasPrefix("upgrade_net") }.map {
      "\($0.severity) \($0.source) \($0.text)"
    }
    let found = lines(run.errors, of: "upgrade_net").map {
      $0.replacing("models/", with: "").replacing("new.", with: "\(name).upgraded.")
    }
    #expect(found == recorded)
  }

  @Test(arguments: [
    ("v0_every_type", 0, "I upgrade_net_proto_text.cpp:49"),
    ("v0_fields_that_do_not_fit", 1, "E upgrade_net_proto_text.cpp:39"),
    ("current_up_to_date", 0, "E upgrade_net_proto_text.cpp:43"),
    ("solver_enum_adam", 0, "I upgrade_solver_proto_text.cpp:49"),
  ])
  func upgradesTexts(_ name: String, _ code: Int32, _ line: String) throws {
    let scratch = try Scratch(copying: ["\(name).prototxt"], of: "files/upgrade")
    defer { scratch.remove() }
    let run = try Program.run(["upgrade", "\(name).prototxt", "new.prototxt"], in: scratch.path)
    #expect(run.code == code, "\(run.errors)")
    #expect(lines(run.errors, of: "upgrade_").contains { $0.hasPrefix(line) })
    let wanted = FixtureFolder.path("files/upgrade/\(name).upgraded.prototxt")
    #expect(try contents("\(scratch.path)/new.prototxt") == contents(wanted))
  }

  @Test func refusesWhatCannotBeUpgraded() throws {
    let scratch = try Scratch(copying: ["v0_unknown_type.prototxt"], of: "files/upgrade")
    defer { scratch.remove() }
    try Data("old".utf8).write(to: URL(fileURLWithPath: "\(scratch.path)/new.prototxt"))
    let run = try Program.run(["upgrade", "v0_unknown_type.prototxt", "new.prototxt"], in: scratch.path)
    #expect(run.code == 1)
    #expect(run.errors.contains("v0_unknown_type.prototxt:3:34: error: Unknown layer name: quantum"))
    #expect(try contents("\(scratch.path)/new.prototxt") == Data("old".utf8))
  }

  /// The features of each image, by key.
  private func features(_ path: String) throws -> [String: Tensor] {
    var cursor = try Cursor(path: path)
    var all: [String: Tensor] = [:]
    while let (key, value) = try cursor.next({ key, value in
      (unsafe key.withUnsafeBytes { unsafe [UInt8]($0) }, unsafe value.withUnsafeBytes { unsafe [UInt8]($0) })
    }) {
      let datum = try Datum(value.span)
      var numbers: [Float] = []
      try datum.addFloats(of: value.span, to: &numbers)
      all[String(decoding: key, as: UTF8.self)] = Tensor([datum.channels, datum.height, datum.width], numbers)
    }
    return all
  }

  @Test func extractsFeatures() throws {
    let scratch = try Scratch(copying: ["models", "lmdb_resized", "extract_features"], of: "files")
    defer { scratch.remove() }
    let words = [
      "extract_features", "models/current.caffemodel", "extract_features/net.prototxt", "conv1,ip1,label", "a,b,c", "2",
      "lmdb", "CPU",
    ]
    let run = try Program.run(words, in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    let expected = try Recording(contentsOf: FixtureFolder.path("files/extract_features/expected.h5"))
    for (blob, database) in [("conv1", "a"), ("ip1", "b"), ("label", "c")] {
      let found = try features("\(scratch.path)/\(database)")
      #expect(try found.keys.sorted() == expected.names(in: blob))
      for (key, tensor) in found {
        let wanted = try expected.tensor("\(blob)/\(key)")
        #expect(tensor.shape == wanted.shape)
        #expect(zip(tensor.values, wanted.values).allSatisfy { abs($0 - $1) <= 1e-5 + 1e-4 * abs($1) })
      }
    }
    let file = FixtureFolder.path("files/extract_features/run.json")
    let record = try JSONDecoder().decode(Record.self, from: contents(file))
    let recorded = record.messages.filter { $0.source.hasPrefix("extract") && $0.severity == "E" }
      .map { "\($0.severity) \($0.source) \($0.text)" }
    #expect(lines(run.errors, of: "extract").filter { $0.hasPrefix("E") } == recorded)
    let again = try Program.run(words, in: scratch.path)
    #expect(again.code == 1)
    #expect(again.errors.contains("it exists already"))
  }

  @Test(arguments: [
    (["w", "n", "a,b", "x", "1"], "2 blobs need as many databases, not 1"),
    (["w", "n", "a", "x", "0"], "at least 1, not 0"), (["w", "n", "a", "x", "1", "hdf5"], "not 'hdf5'"),
    (["w", "n", "a", "x", "1", "lmdb", "TPU"], "'TPU' is neither"),
  ])
  func refusesWrongWords(_ words: [String], _ message: String) throws {
    let run = try Program.run(["extract-features"] + words)
    #expect(run.code == 64)
    #expect(run.errors.contains(message), "\(run.errors)")
  }
}
