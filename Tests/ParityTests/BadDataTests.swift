import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// Databases, records and means that cannot be used: each gives one error that says why, and none ends the process.
@Suite struct BadDataTests {
  private func complaint(_ folder: String, _ net: String? = nil) throws -> String {
    let path = FixtureFolder.path("bad/\(folder)")
    let file = try net ?? String(decoding: SourceText(contentsOf: path + "/net.prototxt").bytes, as: UTF8.self)
    let message = try layers(file)[0]
    var environment = InputEnvironment()
    environment.rootFolder = path
    do throws(Diagnostic) {
      let source = try OpenSource(message, phase: .test, environment: environment)
      for _ in 0..<3 { _ = try source.next() }
      return "accepted"
    } catch {
      #expect(error.location?.source.name == "net.prototxt")
      return error.description
    }
  }

  @Test(arguments: [
    ("batch_size_zero", ["batch_size must be at least 1, not 0"]),
    ("crop_larger_than_image", ["record '", "crop_size 7 is larger than the image, which is 6x6"]),
    ("datum_garbage", ["database '", "record '", "it is no Datum, or damaged: build the database anew"]),
    ("datum_truncated", ["record '", "are left; it is no Datum, or damaged"]),
    ("datum_too_few_bytes", ["it holds 54 bytes, but its sizes 3x6x6 (channels x height x width) promise 108"]),
    ("datum_too_many_bytes", ["it holds 216 bytes, but its sizes 3x6x6 (channels x height x width) promise 108"]),
    ("datum_sizes_differ", ["record '", "its image is 3x7x", "the first one of the batch is 3x6x6"]),
    ("datum_encoded_garbage", ["record '", "are no image that can be decoded"]),
    ("lmdb_missing", ["the database 'db' does not exist in the folder", "--root"]),
    ("lmdb_opened_as_leveldb", ["the file says backend: LEVELDB, but 'db' is an LMDB; write backend: LMDB"]),
    ("lmdb_truncated", ["truncated", "copy the database again or build it anew"]),
    ("mean_other_size", ["the mean of 'mean.binaryproto' is 3x5x5, but the image is 3x6x6"]),
    ("mean_truncated", ["the mean file '", "copy it again, or compute it anew"]),
    ("mean_value_count", ["2 mean values are given for 3 channels; give one, or one for each channel"]),
  ])
  func refuses(folder: String, parts: [String]) throws {
    let message = try complaint(folder)
    for part in parts { #expect(message.contains(part), "\(message)") }
  }

  @Test(arguments: [
    ("data_param { batch_size: 1 }", "source is missing"),
    ("data_param { source: 'db' batch_size: 1 prefetch: 0 }", "prefetch must be at least 1, not 0"),
    ("data_param { source: 'db' batch_size: 1 }", "no backend (which means LEVELDB), but 'db' is an LMDB"),
    (
      "data_param { source: 'db' batch_size: 1 backend: LMDB } transform_param { mean_file: 'm' mean_value: 1 }",
      "mean_file and mean_value exclude each other"
    ),
    (
      "data_param { source: 'db' batch_size: 1 backend: LMDB } transform_param { mean_file: 'm' }",
      "the mean file 'm' does not exist"
    ),
  ])
  func refusesParameters(text: String, part: String) throws {
    let message = try complaint("mean_other_size", "layer { name: 'd' type: 'Data' top: 'd' \(text) }")
    #expect(message.contains(part), "\(message)")
  }

  private func complaint(of source: String, _ backend: DatabaseBackend) throws -> String {
    let text =
      "layer { name: 'd' type: 'Data' top: 'd' data_param { source: '\(source)' batch_size: 1 backend: \(backend.enumeration) } }"
    do {
      let source = try OpenSource(try layers(text)[0], phase: .test, environment: InputEnvironment())
      for _ in 0..<7 { _ = try source.next() }
      return "accepted"
    } catch { return "\(error)" }
  }

  @Test func refusesLevelDBs() throws {
    let scratch = try ScratchFolder()
    let path = scratch("db")
    for backend in DatabaseBackend.allCases {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      let part = backend == .lmdb ? "the folder holds no data.mdb" : "the folder holds no file CURRENT"
      #expect(try complaint(of: path, backend).contains(part))
      try FileManager.default.removeItem(atPath: path)
      var writer = try backend.writer(creating: path)
      try writer.close()
      #expect(try complaint(of: path, backend).contains("the database '\(path)' has no records; build it anew"))
      try FileManager.default.removeItem(atPath: path)
    }
    try FileManager.default.copyItem(atPath: FixtureFolder.path("files/leveldb_reopened"), toPath: path)
    #expect(
      try complaint(of: path, .lmdb).contains("says backend: LMDB, but '\(path)' is a LevelDB; write backend: LEVELDB"))
    var table = try contents(path + "/000005.ldb")
    for place in stride(from: 100, to: 15_000, by: 500) { table[place] ^= 0xff }
    try write(table, to: path + "/000005.ldb")
    #expect(try complaint(of: path, .leveldb).contains("LevelDB '\(path)': Corruption: "))
    let short = scratch("short")
    try FileManager.default.copyItem(atPath: path, toPath: short)
    try write(table.prefix(9000), to: short + "/000005.ldb")
    let message = try complaint(of: short, .leveldb)
    #expect(message.contains("the database is damaged: copy it again or build it anew"), "\(message)")
  }

  @Test func anErrorStays() throws {
    let path = FixtureFolder.path("bad/datum_truncated")
    let message = try TextParser.parse(contentsOf: path + "/net.prototxt", as: CaffeSchema.net).message.messages(
      "layer")[0]
    var environment = InputEnvironment()
    environment.rootFolder = path
    let source = try OpenSource(message, phase: .test, environment: environment)
    let first = #expect(throws: Diagnostic.self) { try source.next() }
    let second = #expect(throws: Diagnostic.self) { try source.next() }
    #expect(first == second)
  }
}
