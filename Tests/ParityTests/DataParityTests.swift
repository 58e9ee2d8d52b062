import Crema
import Foundation
import HDF5
import LMDB
import Prototxt
import TestSupport
import Testing

/// Batches of Caffe's Data layer, from the same databases with the same seed.
@Suite struct DataParityTests {
  static let nets = [
    "crop", "crop_mirror", "encoded_color", "encoded_force_color", "encoded_force_gray", "encoded_gray",
    "encoded_mean_file_crop_mirror", "float_mean_value_scale", "mean_file", "mean_file_crop_mirror_scale",
    "mean_value_1", "mean_value_3_scale", "mean_value_crop_mirror", "mirror", "one_top", "plain", "rand_skip",
    "raw_force_gray", "scale",
  ]

  @Test(arguments: nets, [Phase.train, .test]) func readsTheSameBits(net: String, phase: Phase) throws {
    let path = FixtureFolder.path("transform/data_\(net)")
    let message = try TextParser.parse(contentsOf: path + ".prototxt", as: CaffeSchema.net).message
    let layer = message.messages("layer")[0]
    var environment = InputEnvironment()
    environment.rootFolder = FixtureFolder.path("transform")
    let source = try OpenSource(layer, phase: phase, environment: environment)
    let recording = try HDF5File(reading: path + ".h5")
    let group = phase == .train ? "train" : "test"
    for batch in 0..<3 {
      let values = try source.next()
      #expect(values.count == layer.strings("top").count)
      for (i, top) in layer.strings("top").enumerated() {
        let name = "\(group)/\(batch)/\(top)"
        #expect(source.shapes[i].axes == (try recording.shape(of: name)))
        #expect(values[i] == (try recording.floats(at: name)), "\(net) \(name)")
      }
    }
  }

  /// What a LevelDB gives is what the LMDB of the same images gives, at both ends.
  @Test(arguments: ["leveldb_resized", "leveldb_reopened"]) func readsLevelDB(_ name: String) throws {
    let scratch = try ScratchFolder()
    for name in [name, "lmdb_resized"] {
      try FileManager.default.copyItem(atPath: FixtureFolder.path("files/\(name)"), toPath: scratch(name))
    }
    func source(_ name: String, _ backend: String) throws -> OpenSource {
      let text =
        "layer { type: 'Data' name: 'd' top: 'd' top: 'l' data_param { source: '\(scratch(name))' batch_size: 4 \(backend) } }"
      return try OpenSource(try layers(text)[0], phase: .train, environment: InputEnvironment())
    }
    let lmdb = try source("lmdb_resized", "backend: LMDB")
    let levelDB = try [source(name, "backend: LEVELDB"), source(name, "")]
    for _ in 0..<5 {
      let wanted = try lmdb.next()
      for source in levelDB { #expect(try source.next() == wanted) }
    }
  }

  @Test func drawsOneNumberOrThree() throws {
    let other = RandomStream(seed: 1701)
    _ = other.draw()
    let message = try layers(
      "layer { type: 'Data' name: 'd' top: 'd' data_param { source: 'transform/lmdb_raw' batch_size: 2 backend: LMDB } }"
    )[0]
    var environment = InputEnvironment()
    environment.rootFolder = FixtureFolder.path("")
    let plain = try OpenSource(message, phase: .train, environment: environment)
    #expect(plain.random.draw() == other.draw())
    var mirrored = message
    var transform = message.message("transform_param")
    transform.set("mirror", true)
    mirrored.set("transform_param", transform)
    let source = try OpenSource(mirrored, phase: .test, environment: environment)
    _ = other.draw()
    #expect(source.random.draw() == other.draw())
  }

  @Test func ranksTakeTurnsInTraining() throws {
    let text =
      "layer { type: 'Data' name: 'd' top: 'd' top: 'l' data_param { source: 'lmdb_raw' batch_size: 5 backend: LMDB } }"
    let message = try layers(text)[0]
    func labels(_ rank: Int, of ranks: Int, _ phase: Phase) throws -> [Float] {
      var environment = InputEnvironment()
      environment.rootFolder = FixtureFolder.path("transform")
      (environment.rank, environment.ranks) = (rank, ranks)
      let source = try OpenSource(message, phase: phase, environment: environment)
      return try (0..<4).flatMap { _ in try source.next()[1] }
    }
    let all = try labels(0, of: 1, .train)
    for rank in 0..<2 {
      let own = try labels(rank, of: 2, .train)
      #expect(Array(own.prefix(10)) == stride(from: rank, to: 20, by: 2).map { all[$0] })
      #expect(try labels(rank, of: 2, .test) == all)
    }
  }

  /// The images of records that hold whole files, JPEG and PNG, as Caffe's layer decodes them.
  @Test(arguments: ["lmdb_encoded", "lmdb_encoded_gray"], ["native", "force_color", "force_gray"])
  func decodesRecords(database: String, mode: String) throws {
    let message = try layers(
      "layer { type: 'Data' name: 'd' top: 'd' data_param { source: '\(database)' batch_size: 1 backend: LMDB } "
        + "transform_param { \(mode == "native" ? "" : mode + ": true") } }")[0]
    var environment = InputEnvironment()
    environment.rootFolder = FixtureFolder.path("files")
    let source = try OpenSource(message, phase: .test, environment: environment)
    let recording = try HDF5File(reading: FixtureFolder.path("files/encoded.h5"))
    for index in 0..<6 {
      let values = try source.next()[0], name = "\(database)/\(mode)/\(index)"
      #expect(Array(source.shapes[0].axes.dropFirst()) == (try recording.shape(of: name)), "\(name)")
      #expect(values == (try recording.bytes(at: name)).map { Float($0) }, "\(name)")
    }
  }

  @Test func warnsOnceOfADamagedRecord() throws {
    let scratch = try ScratchFolder()
    let whole = try contents(FixtureFolder.path("files/images/colour_420.jpg"))
    var writer = try Writer(creating: scratch("db"))
    try writer.put("7", Datum.encoded(file: Array(whole.prefix(whole.count * 3 / 4)), label: 1))
    try writer.close()
    let warnings = WarningCollector()
    let message = try layers(
      "layer { type: 'Data' name: 'd' top: 'd' data_param { source: '\(scratch("db"))' batch_size: 2 backend: LMDB } }")[
        0]
    let source = try OpenSource(message, phase: .test, environment: warnings.environment)
    for _ in 0..<3 { _ = try source.next() }
    #expect(warnings.texts.count == 1)
    #expect(warnings.texts.first?.hasPrefix("database '\(scratch("db"))', record '7': its image is damaged (") == true)
  }
}
