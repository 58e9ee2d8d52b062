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
      try datum.readFloats(of: value.span, into: &numbers)
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

  private struct Runs: Decodable {
    struct Run: Decodable { let command: String, messages: [String] }
    let runs: [Run]
  }

  /// The messages of a log.
  private func messages(_ errors: String) -> [String] {
    errors.matches(of: /[IWE]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ [a-z_]+\.cpp:\d+\] (.*)/).map { String($0.1) }
  }

  /// The commands as Caffe's users type them.
  @Test func theImageToolsLogWhatCaffeLogs() throws {
    for (tool, verb) in [("convert_imageset", "convert_imageset"), ("compute_image_mean", "image_mean")] {
      let file = FixtureFolder.path("files/\(tool).json")
      for run in try JSONDecoder().decode(Runs.self, from: contents(file)).runs {
        let scratch = try Scratch(
          copying: ["images", "list.txt", "lmdb_resized", "lmdb_gray", "lmdb_encoded_png", "leveldb_reopened"],
          of: "files")
        defer { scratch.remove() }
        var words = run.command.split(separator: " ").map(String.init)
        words[0] = verb
        if tool == "convert_imageset" { words.append("--overwrite") }
        let outcome = try Program.run(words, in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(messages(outcome.errors) == run.messages, "\(run.command)")
        if tool == "compute_image_mean", words.last?.hasSuffix(".binaryproto") == true {
          let name = words[words.count - 1]
          #expect(try contents("\(scratch.path)/\(name)") == contents(FixtureFolder.path("files/\(name)")))
        }
      }
    }
  }

  @Test func imagesThatCannotBeUsedAreNamedAtTheEnd() throws {
    let scratch = try Scratch(copying: ["images"], of: "files")
    defer { scratch.remove() }
    let list = "gray.png 1\nmissing one.jpg 2\nturned.jpg 3\nalso.png 4\n"
    try Data(list.utf8).write(to: URL(fileURLWithPath: "\(scratch.path)/list.txt"))
    let run = try Program.run(["convert_imageset", "images", "list.txt", "db", "--quiet"], in: scratch.path)
    #expect(run.code == 0)
    #expect(run.errors.contains("warning: 2 of 4 images could not be used; 'db' has the other 2\n"))
    let notes = run.lines.filter { $0.hasPrefix("note: ") }
    #expect(notes.count == 2 && notes[0].contains("'images/missing one.jpg'") && notes[1].contains("'images/also.png'"))
    try Data("gray.png 1\nturned.jpg three\n".utf8).write(to: URL(fileURLWithPath: "\(scratch.path)/list.txt"))
    let malformed = try Program.run(["convert_imageset", "images", "list.txt", "other"], in: scratch.path)
    #expect(malformed.code == 1 && malformed.errors.contains("list.txt:2:12: error: a line must be a path"))
    #expect(!FileManager.default.fileExists(atPath: "\(scratch.path)/other"))
  }

  /// LevelDB lets one program at a time open a database.
  @Test func aDatabaseThatAnotherProgramHasOpenIsRefused() throws {
    let scratch = try Scratch(copying: ["leveldb_reopened", "leveldb_resized"], of: "files")
    defer { scratch.remove() }
    for name in ["leveldb_reopened", "leveldb_resized"] {
      var cursor = try DatabaseBackend.leveldb.cursor("\(scratch.path)/\(name)")
      let run = try Program.run(["image-mean", name, "mean"], in: scratch.path)
      #expect(run.code == 1)
      #expect(run.errors.contains("process \(ProcessInfo.processInfo.processIdentifier) has it open"), "\(run.errors)")
      #expect(try cursor.next { _, _ in true } == true)
    }
    let free = try Program.run(["image-mean", "leveldb_reopened"], in: scratch.path)
    #expect(free.code == 0, "\(free.errors)")
  }

  @Test(arguments: [
    (["image-mean", "leveldb_reopened", "--backend=lmdb"], "'leveldb_reopened' is a LevelDB; say --backend leveldb"),
    (["image-mean", "nothing"], "there is no such folder"),
    (["image-mean", "nothing", "--backend=leveldb"], "No such file"),
    (["image-mean", "leveldb_reopened", "no/mean"], "the folder 'no' does not exist; make it first"),
    (["convert-imageset", "images", "none.txt", "db"], "cannot open 'none.txt'"),
    (
      ["convert-imageset", "images", "list.txt", "no/db", "--backend=leveldb"], "check that the folder around it exists"
    ),
    (["convert-imageset", "images", "list.txt", "leveldb_reopened"], "exists already; choose another name"),
  ])
  func refusesDatabases(_ words: [String], _ message: String) throws {
    let scratch = try Scratch(copying: ["leveldb_reopened", "images", "list.txt"], of: "files")
    defer { scratch.remove() }
    let run = try Program.run(words, in: scratch.path)
    #expect(run.code == 1)
    #expect(run.lines.count { $0.contains("error: ") } == 1 && run.errors.contains(message), "\(run.errors)")
  }

  @Test func extractsFeaturesIntoLevelDB() throws {
    let scratch = try Scratch(copying: ["models", "lmdb_resized", "extract_features"], of: "files")
    defer { scratch.remove() }
    let run = try Program.run(
      [
        "extract_features", "models/current.caffemodel", "extract_features/net.prototxt", "label", "c", "2", "leveldb",
        "GPU",
      ],
      in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    var found = try DatabaseBackend.leveldb.cursor("\(scratch.path)/c")
    let key = try found.next { key, _ in unsafe key.withUnsafeBytes { unsafe [UInt8]($0) } }
    #expect(key == Array("0000000000".utf8))
  }

  @Test(arguments: [
    (["w", "n", "a,b", "x", "1"], "2 blobs need as many databases, not 1"),
    (["w", "n", "a", "x", "0"], "at least 1, not 0"), (["w", "n", "a", "x", "1", "hdf5"], "'hdf5'"),
    (["w", "n", "a", "x", "1", "lmdb", "TPU"], "'TPU' is neither"),
  ])
  func refusesWrongWords(_ words: [String], _ message: String) throws {
    let run = try Program.run(["extract-features"] + words)
    #expect(run.code == 64)
    #expect(run.errors.contains(message), "\(run.errors)")
  }
}
