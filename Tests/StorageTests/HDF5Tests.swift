import Foundation
import HDF5
import Testing

@Suite struct HDF5Tests {
  @Test func readsARecordingWithItsAttributes() throws {
    let file = try HDF5File(reading: fixture("relu_slope.h5"))
    #expect(try file.names() == ["bottom", "bottom_diff", "top", "top_diff"])
    #expect(try file.names(in: "bottom") == ["a"])
    #expect(try file.attributeNames() == ["caffe", "forwards", "phase", "seed", "type"])
    #expect(try file.string(attribute: "type") == "ReLU")
    #expect(try file.string(attribute: "caffe") == "1.0.0")
    #expect(try file.number(attribute: "seed") == 1701)
    #expect(try file.elementClass(ofAttribute: "seed") == .integer)
    #expect(try file.string(attribute: "nothing") == nil)
    #expect(try file.shape(of: "bottom/a") == [3, 13])
    let (bottom, top) = (try file.floats(at: "/bottom/a"), try file.floats(at: "top/y"))
    #expect(bottom.count == 39)
    #expect(bottom.contains { $0 < 0 })
    #expect(zip(bottom, top).allSatisfy { $0 > 0 ? $1 == $0 : $0 == 0 || ($1 != 0 && abs($1) < abs($0)) })
    #expect(try file.kind(of: "top") == .group)
    #expect(try file.kind(of: "top/y") == .dataset)
    #expect(try file.kind(of: "top/z") == nil)
    #expect(try file.kind(of: "no/such/place") == nil)
    #expect(try file.kind(of: "top/y/deeper") == nil)
  }

  @Test func readsASolverStateOfCaffe() throws {
    let file = try HDF5File(reading: fixture("snap_iter_10.solverstate.h5"))
    #expect(try file.int32s(at: "iter") == [10])
    #expect(try file.string(at: "learned_net").hasSuffix("snap_iter_10.caffemodel.h5"))
    #expect(try file.names(in: "history").prefix(3) == ["0", "1", "10"])
    #expect(try file.shape(of: "history/0") == [8, 3, 5, 5])
    #expect(try file.elementClass(of: "learned_net") == .string)
    #expect(try file.elementClass(of: "iter") == .integer)
    #expect(try file.elementClass(of: "history/0") == .float)
    #expect(try file.floats(at: "iter") == [10])
  }

  @Test func readsBackWhatItWrites() throws {
    let scratch = try Scratch()
    let values = (0..<24).map { Float($0) / 7 }
    do {
      let file = try HDF5File(creating: scratch("a.h5"))
      try file.makeGroup("data")
      try file.makeGroup("data/conv1/deep", intermediates: true)
      try file.write(values, shape: [2, 3, 4], to: "data/conv1/0")
      try file.write([1.5], shape: [], to: "data/scalar")
      try file.write([Float](), shape: [0, 3], to: "data/none")
      try file.write(int32s: [-7], shape: [1], to: "iter")
      try file.write(bytes: [0, 255], shape: [2], to: "bytes")
      try file.write("net_iter_10.caffemodel", to: "learned_net")
      try file.setAttribute("type", to: "ReLU")
      try file.setAttribute("sizes", toInt32s: [3, -4], shape: [2], of: "data")
      try file.setAttribute("rate", toDoubles: [0.1], shape: [], of: "data/scalar")
      try file.close()
      #expect(throws: HDF5Error.self) { try file.names() }
    }
    #expect(HDF5File.isHDF5(scratch("a.h5")))
    let file = try HDF5File(reading: scratch("a.h5"))
    #expect(try file.names() == ["bytes", "data", "iter", "learned_net"])
    #expect(try file.floats(at: "data/conv1/0") == values)
    #expect(try file.doubles(at: "data/conv1/0") == values.map(Double.init))
    #expect(try file.shape(of: "data/scalar").isEmpty)
    #expect(try file.floats(at: "data/scalar") == [1.5])
    #expect(try file.shape(of: "data/none") == [0, 3])
    #expect(try file.floats(at: "data/none").isEmpty)
    #expect(try file.int32s(at: "iter") == [-7])
    #expect(try file.bytes(at: "bytes") == [0, 255])
    #expect(try file.floats(at: "bytes") == [0, 255])
    #expect(try file.string(at: "learned_net") == "net_iter_10.caffemodel")
    #expect(try file.string(attribute: "type") == "ReLU")
    #expect(try file.doubles(ofAttribute: "sizes", of: "data") == [3, -4])
    #expect(try file.number(attribute: "rate", of: "data/scalar") == 0.1)
    var target = [Float](repeating: 0, count: 24)
    try unsafe target.withUnsafeMutableBufferPointer { try unsafe file.read("data/conv1/0", into: $0) }
    #expect(target == values)
  }

  /// What other programs write: strings of variable length, big-endian doubles in compressed chunks, an impossible size.
  /// Datasets of some megabytes are written in pieces.
  @Test(arguments: [[1, 1, 1100, 1100], [3, 500_000], [2_100_001], [1, 1_300_000], [700, 1, 2, 1000]])
  func writesLargeDatasets(_ shape: [Int]) throws {
    let scratch = try Scratch()
    let file = try HDF5File(creating: scratch("large.h5"))
    let values = (0..<shape.reduce(1, *)).map { Float($0 % 9973) }
    var written = 0
    try unsafe file.write(floats: values.span.bytes, shape: shape, to: "values") { written += $0.byteCount }
    try file.close()
    #expect(written == 4 * values.count)
    let read = try HDF5File(reading: scratch("large.h5"))
    #expect(try read.shape(of: "values") == shape)
    #expect(try read.floats(at: "values") == values)
  }

  @Test func readsWhatOtherProgramsWrite() throws {
    let file = try HDF5File(reading: fixture("variable_gzip.h5"))
    #expect(try file.strings(at: "names") == ["conv1", "", "caf\u{e9}"])
    #expect(try file.string(attribute: "type") == "conv1")
    #expect(try file.shape(of: "packed") == [300, 40])
    #expect(try file.floats(at: "packed") == (0..<12000).map { Float($0 % 5) })
    let error = try #require(throws: HDF5Error.self) { _ = try file.floats(at: "unwritten") }
    #expect(error.words == "its shape [1099511627776] promises more than the 0 bytes stored for it")
  }

  /// The same calls in the same order make the file that Caffe made, but for the times (4 bytes) of its six datasets.
  @Test func laysOutAsCaffe() throws {
    let scratch = try Scratch()
    let name = "current.caffemodel.h5"
    let recorded = try HDF5File(reading: fixture(name))
    let written = try HDF5File(creating: scratch(name))
    try written.makeGroup("data")
    for layer in ["data", "conv1", "relu1", "pool1", "conv2", "norm2", "ip1", "prob"] {
      try written.makeGroup("data/" + layer)
      for index in try recorded.names(in: "data/" + layer) {
        let path = "data/\(layer)/\(index)"
        try written.write(recorded.floats(at: path), shape: recorded.shape(of: path), to: path)
      }
    }
    try written.close()
    let (ours, theirs) = (try contents(scratch(name)), try contents(fixture(name)))
    #expect(ours.count == theirs.count)
    #expect(ours.indices.filter { ours[$0] != theirs[$0] }.count <= 6 * 4)
  }

  @Test func saysWhatIsWrong() throws {
    let scratch = try Scratch()
    let file = try HDF5File(reading: fixture("snap_iter_10.solverstate.h5"))
    func words(_ body: () throws -> Void) throws -> String {
      try #require(throws: HDF5Error.self, performing: body).description
    }
    #expect(try words { _ = try file.floats(at: "learned_net") }.contains("it holds text, numbers are wanted"))
    #expect(try words { _ = try file.strings(at: "iter") }.contains("it holds no text"))
    #expect(try words { _ = try file.floats(at: "histories/0") }.contains("there is no such dataset"))
    #expect(try words { _ = try file.floats(at: "history") }.contains("this is no dataset"))
    #expect(try words { _ = try file.names(in: "iter") }.contains("there is no such group"))
    #expect(try words { _ = try file.strings(ofAttribute: "x") }.contains("there is no such attribute"))
    var target: [Float] = [1, 2]
    let count = try words {
      try unsafe target.withUnsafeMutableBufferPointer { try unsafe file.read("history/0", into: $0) }
    }
    #expect(count.contains("it holds 600 values [8, 3, 5, 5], 2 are wanted"))
    #expect(try words { _ = try HDF5File(reading: scratch("no.h5")) }.contains("no.h5"))
    #expect(try words { _ = try HDF5File(reading: scratch.path) }.contains("H5"))
    #expect(try words { _ = try HDF5File(creating: scratch("no/a.h5")) }.contains("check that the folder exists"))
    let written = try HDF5File(creating: scratch("a.h5"))
    #expect(try words { try written.write([1], shape: [2], to: "a") }.contains("1 values do not fill the shape [2]"))
    #expect(try words { try written.write([1], shape: [Int.max, 4], to: "a") }.contains("do not fill"))
    #expect(try words { try written.write([1], shape: [1], to: "missing/a") }.contains("missing/a"))
    #expect(try words { try written.makeGroup("conv1/bn") }.contains("conv1/bn"))
    try written.write([1], shape: [1], to: "a")
    #expect(try words { try written.write([1], shape: [1], to: "a") }.contains("check that the name is new"))
    #expect(try words { try file.write([1], shape: [1], to: "b") }.contains("write"))
  }

  @Test func manyThreadsTakeTurns() async throws {
    let sums = try await withThrowingTaskGroup(of: Float.self) { group in
      for _ in 0..<16 {
        group.addTask {
          let file = try HDF5File(reading: fixture("current.caffemodel.h5"))
          return try file.names(in: "data").reduce(Float(0)) { sum, layer in
            try file.names(in: "data/" + layer).reduce(sum) {
              try $0 + file.floats(at: "data/\(layer)/\($1)").reduce(0, +)
            }
          }
        }
      }
      return try await group.reduce(into: [Float]()) { $0.append($1) }
    }
    #expect(sums.count == 16 && Set(sums).count == 1 && sums[0] != 0)
  }
}

@Suite struct DamagedHDF5Tests {
  /// Reads all that a file holds.
  private func readAll(_ file: HDF5File, _ group: String = "/") throws {
    for name in try file.attributeNames(of: group) {
      _ = try? file.doubles(ofAttribute: name, of: group)
      _ = try? file.strings(ofAttribute: name, of: group)
    }
    for name in try file.names(in: group).prefix(50) {
      let path = group + "/" + name
      switch try file.kind(of: path) {
      case .group: if path.count < 100 { try readAll(file, path) }
      case .dataset:
        if try file.elementClass(of: path) == .string {
          _ = try file.strings(at: path)
        } else {
          _ = try file.floats(at: path)
        }
      default: break
      }
    }
  }

  @Test func refusesAFileThatIsTooShort() throws {
    let scratch = try Scratch()
    let whole = try contents(fixture("relu_slope.h5"))
    for size in stride(from: 0, to: whole.count, by: 41) {
      try write(whole.prefix(size), to: scratch("a.h5"))
      #expect(throws: HDF5Error.self, "\(size) bytes") { try readAll(HDF5File(reading: scratch("a.h5"))) }
    }
    try readAll(HDF5File(reading: fixture("relu_slope.h5")))
  }

  /// Wherever a byte is wrong, reading gives values or an error, and never ends the process.
  @Test func survivesDamage() throws {
    let scratch = try Scratch()
    let whole = try contents(fixture("relu_slope.h5"))
    var refused = 0
    for offset in stride(from: 0, to: whole.count, by: 13) {
      var bytes = whole
      bytes[offset] = bytes[offset] == 0xFF ? 0 : 0xFF
      try write(bytes, to: scratch("a.h5"))
      do { try readAll(HDF5File(reading: scratch("a.h5"))) } catch { refused += 1 }
    }
    #expect(refused > 10)
  }

  @Test func garbageIsNoHDF5() throws {
    let scratch = try Scratch()
    try write((0..<5000).map { UInt8(truncatingIfNeeded: $0 * 7) }, to: scratch("a.h5"))
    #expect(!HDF5File.isHDF5(scratch("a.h5")))
    #expect(!HDF5File.isHDF5(scratch("none.h5")))
    let error = try #require(throws: HDF5Error.self) { _ = try HDF5File(reading: scratch("a.h5")) }
    #expect(error.words == "this is no HDF5 file")
  }
}
