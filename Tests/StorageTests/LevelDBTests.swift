import Foundation
import LevelDB
import TestSupport
import Testing

/// All records of a database.
private func records(_ path: String) throws -> [(key: String, value: [UInt8])] {
  var cursor = try Cursor(path: path)
  var all: [(key: String, value: [UInt8])] = []
  while let record = try cursor.next({ key, value in (String(decoding: copy(key), as: UTF8.self), copy(value)) }) {
    all.append(record)
  }
  let isEmpty = cursor.isEmpty
  #expect(isEmpty == all.isEmpty)
  return all
}

private func refusal(_ body: () throws -> Void) throws -> LevelDBError {
  try #require(throws: LevelDBError.self, performing: body)
}

/// A copy of a database that Caffe wrote: LevelDB writes to a folder that it reads.
private func recorded(_ name: String, in scratch: Scratch) throws -> String {
  try FileManager.default.copyItem(atPath: FixtureFolder.path("files/\(name)"), toPath: scratch("db"))
  return scratch("db")
}

@Suite struct LevelDBTests {
  /// All data in the log, as the writer left it; and in a table, after a reader opened it.
  @Test(arguments: ["leveldb_resized", "leveldb_reopened"])
  func readsWhatConvertImagesetWrote(_ name: String) throws {
    let scratch = try Scratch()
    let path = try recorded(name, in: scratch)
    let keys = [
      "00000000_colour_420.jpg", "00000001_sub/colour_444.jpeg", "00000002_gray.png", "00000003_colour photo.png",
      "00000004_with_alpha.png", "00000005_turned.jpg",
    ]
    let all = try records(path)
    #expect(all.map(\.key) == keys)
    #expect(all.allSatisfy { $0.value.count == 3 * 32 * 32 + 13 })
    #expect(try records(path).map(\.value) == all.map(\.value), "a second time")
  }

  @Test func comesBackToTheFirstRecord() throws {
    let scratch = try Scratch()
    var writer = try Writer(creating: scratch("db"))
    for key in ["b", "B", "ä", "a"] { try writer.put(key, Array(key.utf8) + [1]) }
    try writer.put("b", [])
    try writer.close()
    var cursor = try Cursor(path: scratch("db"))
    for _ in 0..<2 {
      #expect(try cursor.first { key, value in copy(key) + copy(value) } == [66, 66, 1])
      #expect(try cursor.next { key, _ in copy(key) } == [97])
      #expect(try cursor.next { key, value in copy(key) + copy(value) } == [98])
      #expect(try cursor.next { key, _ in copy(key) } == Array("ä".utf8))
      #expect(try cursor.next { key, _ in copy(key) } == nil)
      #expect(try cursor.next { key, _ in copy(key) } == nil)
    }
  }

  /// LevelDB opens a folder once, so all readers of this process share what is open.
  @Test func manyOpenOneDatabaseAtTheSameTime() async throws {
    let scratch = try Scratch()
    let path = try recorded("leveldb_reopened", in: scratch)
    try FileManager.default.createSymbolicLink(atPath: scratch("link"), withDestinationPath: path)
    let names = [path, path + "/", scratch("link")]
    let counts = try await withThrowingTaskGroup(of: [Int].self) { group in
      for task in 0..<6 { group.addTask { try (0..<30).map { try records(names[($0 + task) % 3]).count } } }
      return try await group.reduce(into: [Int]()) { $0 += $1 }
    }
    #expect(counts.count == 180 && counts.allSatisfy { $0 == 6 })
  }

  @Test func aCursorLastsWhenAnotherOneGoes() throws {
    let scratch = try Scratch()
    let path = try recorded("leveldb_reopened", in: scratch)
    var cursor = try Cursor(path: path)
    #expect(try records(path).count == 6)
    #expect(try cursor.next { key, _ in key.byteCount } == 23)
    #expect(try cursor.next { key, _ in key.byteCount } == 28)
  }

  @Test func writesTheFileThatConvertImagesetWrote() throws {
    let scratch = try Scratch()
    var writer = try Writer(creating: scratch("copy/"))
    for record in try records(try recorded("leveldb_resized", in: scratch)) { try writer.put(record.key, record.value) }
    #expect(!FileManager.default.fileExists(atPath: scratch("copy")))
    try writer.close()
    #expect(!FileManager.default.fileExists(atPath: scratch("copy.partial")))
    let theirs = FixtureFolder.path("files/leveldb_resized")
    for file in ["000003.log", "MANIFEST-000002", "CURRENT"] {
      #expect(try contents("\(scratch("copy"))/\(file)") == contents("\(theirs)/\(file)"), "\(file)")
    }
  }

  @Test func writesManyRecords() throws {
    let scratch = try Scratch()
    var writer = try Writer(creating: scratch("db"))
    for number in (0..<2500).reversed() {
      try writer.put(String(format: "%05d", number), [UInt8](repeating: UInt8(number % 251), count: number % 4000))
    }
    try writer.close()
    let all = try records(scratch("db"))
    #expect(all.count == 2500)
    for (number, record) in all.enumerated() {
      #expect(record.key == String(format: "%05d", number))
      #expect(record.value == [UInt8](repeating: UInt8(number % 251), count: number % 4000))
    }
  }

  @Test func anEmptyDatabaseHasNoRecords() throws {
    let scratch = try Scratch()
    var writer = try Writer(creating: scratch("db"))
    try writer.close()
    #expect(try records(scratch("db")).isEmpty)
  }

  @Test func anAbandonedWriterLeavesNothing() throws {
    let scratch = try Scratch()
    do {
      var writer = try Writer(creating: scratch("db"))
      for number in 0..<1500 { try writer.put("\(number)", [1]) }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
  }

  @Test func refusesToWriteOverSomething() throws {
    let scratch = try Scratch()
    try write([1], to: scratch("there"))
    #expect(try refusal { _ = try Writer(creating: scratch("there")) }.description.contains("it exists already"))
    let missing = try refusal { _ = try Writer(creating: scratch("no/db")) }
    #expect(missing.description.contains("check that the folder around it exists, may be written and has space"))
    try FileManager.default.createDirectory(atPath: scratch("db.partial"), withIntermediateDirectories: true)
    #expect(try refusal { _ = try Writer(creating: scratch("db")) }.description.contains("interrupted"))
  }
}

@Suite struct DamagedLevelDBTests {
  @Test func saysWhatIsMissing() throws {
    let scratch = try Scratch()
    #expect(try refusal { _ = try Cursor(path: scratch("no")) }.words == "No such file or directory")
    #expect(try refusal { _ = try Cursor(path: scratch.path) }.words == "the folder holds no file CURRENT")
    try write([1], to: scratch("data.mdb"))
    #expect(try refusal { _ = try Cursor(path: scratch.path) }.description.contains("an LMDB folder"))
    #expect(try refusal { _ = try Cursor(path: scratch("data.mdb")) }.words.contains("this is a file"))
    try write([1], to: scratch("CURRENT"))
    _ = try refusal { _ = try Cursor(path: scratch.path) }
  }

  /// LevelDB itself would forget what is cut off, and delete the tables that a manifest no longer names.
  @Test(arguments: [
    ("leveldb_resized", "000003.log"), ("leveldb_resized", "MANIFEST-000002"), ("leveldb_reopened", "MANIFEST-000004"),
  ])
  func refusesALogThatIsCutOff(_ name: String, _ file: String) throws {
    let scratch = try Scratch()
    let path = try recorded(name, in: scratch)
    let whole = try contents("\(path)/\(file)")
    let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    let sizes = [1, 6, 7, 8, 50, 100, 18_000, whole.count - 8, whole.count - 1].filter { $0 < whole.count }
    for size in sizes where file != "MANIFEST-000004" || size != 50 {
      try write(whole.prefix(size), to: "\(path)/\(file)")
      let words = try refusal { _ = try Cursor(path: path) }.words
      #expect(words.hasPrefix("truncated: \(file) ends within a record"), "\(size) bytes: \(words)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == names)
    }
    try write(whole, to: "\(path)/\(file)")
    #expect(try records(path).count == 6)
  }

  /// Each damaged byte is an error or harmless; none makes another record.
  @Test(arguments: [
    ("leveldb_resized", "000003.log"), ("leveldb_reopened", "000005.ldb"), ("leveldb_reopened", "MANIFEST-000004"),
    ("leveldb_reopened", "CURRENT"),
  ])
  func refusesDamagedBytes(_ name: String, _ file: String) throws {
    let scratch = try Scratch()
    let path = try recorded(name, in: scratch)
    let whole = try contents("\(path)/\(file)")
    var refused = 0
    let places = stride(from: 0, to: whole.count, by: max(1, whole.count / 40)).map { $0 }
    for place in places {
      try FileManager.default.removeItem(atPath: path)
      _ = try recorded(name, in: scratch)
      var bytes = whole
      bytes[place] ^= 0x55
      try write(bytes, to: "\(path)/\(file)")
      do { #expect(try records(path).count == 6, "byte \(place)") } catch {
        #expect(error is LevelDBError)
        refused += 1
      }
    }
    #expect(refused > places.count * 3 / 4, "\(refused) of \(places.count)")
  }

  @Test(arguments: ["000005.ldb", "MANIFEST-000004"]) func refusesWithoutAFile(_ file: String) throws {
    let scratch = try Scratch()
    let path = try recorded("leveldb_reopened", in: scratch)
    try FileManager.default.removeItem(atPath: "\(path)/\(file)")
    _ = try refusal { _ = try records(path) }
    try write([], to: "\(path)/\(file)")
    _ = try refusal { _ = try records(path) }
  }
}
