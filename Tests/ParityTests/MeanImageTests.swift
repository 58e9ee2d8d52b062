import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// Means as Caffe's `compute_image_mean` computed them.
@Suite struct MeanImageTests {
  @Test(
    arguments: [
      ("lmdb_resized", "mean_resized", DatabaseBackend.lmdb), ("leveldb_reopened", "mean_leveldb", .leveldb),
      ("lmdb_encoded_png", "mean_encoded", .lmdb),
    ], [1, 3])
  func writesTheSameFile(_ run: (database: String, mean: String, backend: DatabaseBackend), threads: Int) throws {
    let scratch = try ScratchFolder()
    try FileManager.default.copyItem(atPath: FixtureFolder.path("files/\(run.database)"), toPath: scratch("db"))
    let mean = try MeanImage(ofDatabase: scratch("db"), run.backend, threads: threads)
    try write([1], to: scratch("mean"))
    try mean.write(to: scratch("mean"))
    #expect(try contents(scratch("mean")) == contents(FixtureFolder.path("files/\(run.mean).binaryproto")))
    #expect(scratch.names == ["db", "mean"])
  }

  /// Sums in single precision lose bits where they grow, in an order that counts.
  @Test func addsInTheOrderOfTheKeys() throws {
    let scratch = try ScratchFolder()
    let numbers: [Float] = [1e8, 3, -1e8, 0.1, 7, 1e-3]
    var writer = try DatabaseBackend.lmdb.writer(creating: scratch("db"))
    for (index, number) in numbers.enumerated() {
      try writer.put("\(index)", Datum.encoded(channels: 1, height: 1, width: 2, values: [number, 1]))
    }
    try writer.close()
    let mean = try MeanImage(ofDatabase: scratch("db"), .lmdb)
    #expect(mean.values == [numbers.reduce(0, +) / 6, 1])
    #expect(mean.values[0] != Float(numbers.map(Double.init).reduce(0, +) / 6))
    #expect(mean.channelMeans == [(mean.values[0] + 1) / 2])
  }

  @Test func manyImagesHaveTheirMean() throws {
    let scratch = try ScratchFolder()
    var writer = try DatabaseBackend.leveldb.writer(creating: scratch("db"))
    for index in 0..<600 {
      let pixels = [UInt8(index % 256), 255, 0, UInt8(index % 7)]
      let digits = String(index)
      let record = Datum.encoded(channels: 2, height: 1, width: 2, pixels: pixels, label: index)
      try writer.put(String(repeating: "0", count: 8 - digits.count) + digits, record)
    }
    try writer.close()
    var counts: [Int] = []
    let log = LogCollector()
    let mean = try MeanImage(ofDatabase: scratch("db"), .leveldb, log: log.log) { counts.append($0) }
    let sums = [(0..<600).map { $0 % 256 }.reduce(0, +), 600 * 255, 0, (0..<600).map { $0 % 7 }.reduce(0, +)]
    #expect(mean.values == sums.map { Float($0) / 600 })
    #expect(counts == Array(1...600))
    #expect(
      log.lines == [
        "I db_leveldb.cpp:18 Opened leveldb \(scratch("db"))", "I compute_image_mean.cpp:70 Starting iteration",
        "I compute_image_mean.cpp:101 Processed 600 files.",
      ])
  }

  private func complaint(_ records: [[UInt8]]) throws -> String {
    let scratch = try ScratchFolder()
    var writer = try DatabaseBackend.lmdb.writer(creating: scratch("db"))
    for (index, record) in records.enumerated() { try writer.put("\(index)", record) }
    try writer.close()
    do throws(Diagnostic) {
      _ = try MeanImage(ofDatabase: scratch("db"), .lmdb)
      return "accepted"
    } catch { return error.message }
  }

  @Test func refusesWhatHasNoMean() throws {
    let small = Datum.encoded(channels: 1, height: 1, width: 2, pixels: [1, 2], label: 0)
    let wide = Datum.encoded(channels: 1, height: 2, width: 1, pixels: [1, 2], label: 0)
    #expect(
      try complaint([small, small, wide]).contains(
        "record '2': its image is 1x2x1, but the first one, '0', is 1x1x2 (channels x height x width)"))
    #expect(try complaint([small, [1, 2, 3]]).contains("record '1': "))
    #expect(try complaint([Datum.encoded(file: [1, 2, 3], label: 0)]).contains("are no image that can be decoded"))
    #expect(try complaint([small, small.dropLast(9)]).contains("record '1': "))
    #expect(try complaint([]).contains("has no records"))
  }
}
