import Crema
import HDF5
import Prototxt
import TestSupport
import Testing

/// HDF5Data beside recordings of Caffe's, and what it says of files that it cannot use.
@Suite struct HDF5DataTests {
  private static let rand: [UInt32] = [1_804_289_383, 846_930_886, 1_681_692_777, 1_714_636_915, 1_957_747_793]

  private func environment(_ folder: String = FixtureFolder.path("transform")) -> InputEnvironment {
    var environment = InputEnvironment()
    environment.rootFolder = folder
    return environment
  }

  private func layer(_ text: String, tops: [String] = ["data", "label"]) throws -> Message {
    let names = tops.map { "top: '\($0)'" }.joined(separator: " ")
    return try layers("layer { name: 'data' type: 'HDF5Data' \(names) \(text) }")[0]
  }

  @Test func unseededNumbersAreThoseOfTheCLibrary() {
    let random = UnseededRandom()
    #expect((0..<5).map { _ in random.next() } == Self.rand)
    for _ in 5..<9_999 { _ = random.next() }
    #expect(random.next() == 1_908_609_430)
  }

  @Test(arguments: ["hdf5_in_order", "hdf5_shuffle"], [Phase.train, .test])
  func readsTheSameRows(net: String, phase: Phase) throws {
    let path = FixtureFolder.path("transform/\(net)")
    let message = try TextParser.parse(contentsOf: path + ".prototxt", as: CaffeSchema.net).message.messages("layer")[0]
    let source = try OpenSource(message, phase: phase, environment: environment())
    let recording = try HDF5File(reading: path + ".h5"), group = phase == .train ? "train" : "test"
    let batches = try recording.names(in: group).count
    #expect(batches > 2)
    for batch in 0..<batches {
      let values = try source.next()
      for (i, top) in ["data", "label"].enumerated() {
        #expect(source.shapes[i].axes == (try recording.shape(of: "\(group)/\(batch)/\(top)")))
        #expect(values[i] == (try recording.floats(at: "\(group)/\(batch)/\(top)")), "\(net) \(batch) \(top)")
      }
    }
  }

  /// `chunked.h5` is `a.h5` in compressed pieces: rows in pieces are held in memory when they are shuffled.
  @Test(arguments: [false, true]) func readsRowsInPieces(shuffles: Bool) throws {
    let scratch = try ScratchFolder()
    func batches(_ file: String) throws -> [[[Float]]] {
      try write(Array(FixtureFolder.path("transform/hdf5/\(file)").utf8), to: scratch("list.txt"))
      let message = try layer("hdf5_data_param { source: 'list.txt' batch_size: 3 shuffle: \(shuffles) }")
      let source = try OpenSource(message, phase: .train, environment: environment(scratch.path))
      return try (0..<6).map { _ in try source.next() }
    }
    let pieces = try batches("chunked.h5"), plain = try batches("a.h5")
    #expect(pieces == plain)
    #expect((pieces[0] == pieces[1]) == false)
  }

  @Test func ranksTakeTurnsInTraining() throws {
    let message = try layer("hdf5_data_param { source: 'hdf5.txt' batch_size: 4 }", tops: ["label"])
    func labels(_ rank: Int, of ranks: Int, _ phase: Phase) throws -> [Float] {
      var environment = environment()
      (environment.rank, environment.ranks) = (rank, ranks)
      let source = try OpenSource(message, phase: phase, environment: environment)
      return try (0..<9).flatMap { _ in try source.next()[0] }
    }
    let all = try labels(0, of: 1, .train)
    #expect(Array(all.prefix(12)) == Array(all[12..<24]))
    for rank in 0..<2 {
      #expect(try labels(rank, of: 2, .train).prefix(18) == stride(from: rank, to: 36, by: 2).map { all[$0] }[...])
      #expect(try labels(rank, of: 2, .test) == all)
    }
  }

  @Test func takesDatasetsOfAnyRankAndType() throws {
    let scratch = try ScratchFolder()
    let file = try HDF5File(creating: scratch("rows.h5"))
    try file.write((0..<24).map { Float($0) }, shape: [3, 2, 1, 2, 2], to: "five")
    try file.write(int32s: [7, -8, 9], shape: [3], to: "one")
    try file.write(bytes: [1, 2, 3, 4, 5, 6], shape: [3, 2], to: "bytes")
    try file.close()
    try write(Array("rows.h5\n".utf8), to: scratch("list.txt"))
    let message = try layer(
      "hdf5_data_param { source: 'list.txt' batch_size: 2 }", tops: ["five", "one", "bytes"])
    let source = try OpenSource(message, phase: .train, environment: environment(scratch.path))
    #expect(source.shapes == [[2, 2, 1, 2, 2], [2], [2, 2]])
    #expect(try source.next() == [(0..<16).map { Float($0) }, [7, -8], [1, 2, 3, 4]])
    #expect(try source.next()[1] == [9, 7])
  }

  @Test(arguments: [
    ("hdf5_data_param { batch_size: 2 }", "source is missing"),
    ("hdf5_data_param { source: 'hdf5.txt' }", "batch_size must be at least 1, not 0"),
    ("hdf5_data_param { source: 'none.txt' batch_size: 2 }", "the list of HDF5 files 'none.txt' does not exist"),
    ("hdf5_data_param { source: 'mean.binaryproto' batch_size: 2 }", "'mean.binaryproto' is no text"),
    ("hdf5_data_param { source: 'hdf5.txt' batch_size: 2 } top: 'weights'", "'weights': there is no such dataset"),
    ("hdf5_data_param { source: 'hdf5.txt' batch_size: 2 } transform_param { scale: 2 }", "does not transform data"),
  ])
  func refuses(text: String, part: String) throws {
    let error = #expect(throws: Diagnostic.self) {
      let source = try OpenSource(try layer(text), phase: .train, environment: environment())
      _ = try source.next()
    }
    #expect(error?.message.contains(part) == true, "\(String(describing: error))")
    #expect(error?.location != nil)
  }

  @Test func refusesFilesThatDiffer() throws {
    let scratch = try ScratchFolder()
    for (name, shape) in [("a.h5", [2, 3]), ("b.h5", [3, 2])] {
      let file = try HDF5File(creating: scratch(name))
      try file.write(Array(repeating: 1, count: 6), shape: shape, to: "data")
      try file.write([1, 2], shape: [2], to: "label")
      try file.close()
    }
    try write(Array("a.h5 b.h5".utf8), to: scratch("list.txt"))
    let message = try layer("hdf5_data_param { source: 'list.txt' batch_size: 2 }", tops: ["data"])
    let error = #expect(throws: Diagnostic.self) {
      _ = try OpenSource(message, phase: .train, environment: environment(scratch.path)).next()
    }
    #expect(error?.message.contains("a row of 'data' is 2, but those of the first file are 3") == true)
    try write(Array("b.h5".utf8), to: scratch("list.txt"))
    let other = #expect(throws: Diagnostic.self) {
      let both = try layer("hdf5_data_param { source: 'list.txt' batch_size: 2 }")
      _ = try OpenSource(both, phase: .train, environment: environment(scratch.path))
    }
    #expect(other?.message.contains("'label' has 2 rows, but 'data' has 3") == true)
  }
}
