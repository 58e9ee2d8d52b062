import Foundation
import LMDB
import Testing

/// All records of a database.
private func records(_ path: String) throws -> [(key: String, value: [UInt8])] {
  var cursor = try Cursor(path: path)
  var all: [(key: String, value: [UInt8])] = []
  while let record = try cursor.next({ key, value in (String(decoding: copy(key), as: UTF8.self), copy(value)) }) {
    all.append(record)
  }
  #expect(all.count == cursor.count)
  return all
}

private func refusal(_ body: () throws -> Void) throws -> LMDBError {
  try #require(throws: LMDBError.self, performing: body)
}

@Suite struct LMDBTests {
  @Test func readsWhatConvertImagesetWrote() throws {
    let scratch = try Scratch()
    try FileManager.default.copyItem(atPath: fixture("lmdb_encoded_png"), toPath: scratch("db"))
    let all = try records(scratch("db"))
    #expect(
      all.map(\.key) == [
        "00000000_colour_420.jpg", "00000001_sub/colour_444.jpeg", "00000002_gray.png", "00000003_colour photo.png",
        "00000004_with_alpha.png", "00000005_turned.jpg",
      ])
    #expect(all.allSatisfy { $0.value.count > 100 })
  }

  /// LMDB's locks belong to the process, so many openings of one database must share what is open.
  @Test func manyOpenOneDatabaseAtTheSameTime() async throws {
    let scratch = try Scratch()
    let path = scratch("db")
    var writer = try Writer(creating: path)
    for number in 0..<20 { try writer.put(String(format: "%05d", number), [UInt8](repeating: 1, count: 100)) }
    try writer.close()
    let counts = try await withThrowingTaskGroup(of: [Int].self) { group in
      for _ in 0..<8 { group.addTask { try (0..<200).map { _ in try records(path).count } } }
      return try await group.reduce(into: [Int]()) { $0 += $1 }
    }
    #expect(counts.count == 1600 && counts.allSatisfy { $0 == 20 })
  }

  @Test func writesInTransactionsAndReadsInKeyOrder() throws {
    let scratch = try Scratch()
    var writer = try Writer(creating: scratch("db/"))
    // 2500 records of up to 4 kB: three transactions, and a map that must grow from its first size of 1 MiB.
    for number in (0..<2500).reversed() {
      try writer.put(String(format: "%05d", number), [UInt8](repeating: UInt8(number % 251), count: number % 4000))
    }
    #expect(!FileManager.default.fileExists(atPath: scratch("db")))
    try writer.close()
    #expect(!FileManager.default.fileExists(atPath: scratch("db.partial")))
    let all = try records(scratch("db"))
    #expect(all.count == 2500)
    for (number, record) in all.enumerated() {
      #expect(record.key == String(format: "%05d", number))
      #expect(record.value == [UInt8](repeating: UInt8(number % 251), count: number % 4000))
    }
    let mode = try FileManager.default.attributesOfItem(atPath: scratch("db"))[.posixPermissions] as? Int
    #expect(mode == 0o744)
  }

  /// The same records in one transaction make the file that Caffe's tool made.
  @Test func writesTheFileThatConvertImagesetWrote() throws {
    let scratch = try Scratch()
    try FileManager.default.copyItem(atPath: fixture("lmdb_encoded_png"), toPath: scratch("db"))
    var writer = try Writer(creating: scratch("copy"))
    for record in try records(scratch("db")) { try writer.put(record.key, record.value) }
    try writer.close()
    let (ours, theirs) = (try contents(scratch("copy/data.mdb")), try contents(fixture("lmdb_encoded_png/data.mdb")))
    #expect(ours.count == theirs.count)
    #expect(ours.indices.filter { ours[$0] != theirs[$0] } == [])
  }

  @Test func movesToFirstAndToKeys() throws {
    let scratch = try Scratch()
    var writer = try Writer(creating: scratch("db"))
    for key in ["b", "d", "f"] { try writer.put(key, Array(key.utf8) + [1]) }
    try writer.put("d", [9])
    try writer.close()
    var cursor = try Cursor(path: scratch("db"))
    let (count, openedWithoutLock) = (cursor.count, cursor.openedWithoutLock)
    #expect(count == 3)
    #expect(!openedWithoutLock)
    #expect(try cursor.next { _, value in copy(value) } == [98, 1])
    #expect(try cursor.seek("d".utf8) { _, value in copy(value) } == [9])
    #expect(try cursor.next { key, _ in copy(key) } == [102])
    #expect(try cursor.next { key, _ in copy(key) } == nil)
    #expect(try cursor.first { key, _ in copy(key) } == [98])
    #expect(try cursor.seek("c".utf8) { key, _ in copy(key) } == nil)
    #expect(try cursor.seek("c".utf8, orAfter: true) { key, _ in copy(key) } == [100])
    #expect(try cursor.seek("g".utf8, orAfter: true) { key, _ in copy(key) } == nil)
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
      try writer.put("a", [1])
      try writer.commit()
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
  }

  @Test func refusesToWriteOverSomething() throws {
    let scratch = try Scratch()
    try write([1], to: scratch("there"))
    #expect(try refusal { _ = try Writer(creating: scratch("there")) }.description.contains("it exists already"))
    let missing = try refusal { _ = try Writer(creating: scratch("no/db")) }
    #expect(missing.code == ENOENT)
    try FileManager.default.createDirectory(atPath: scratch("db.partial"), withIntermediateDirectories: true)
    let left = try refusal { _ = try Writer(creating: scratch("db")) }
    #expect(left.description.contains("interrupted") && left.file.hasSuffix("db.partial"))
    #expect(FileManager.default.fileExists(atPath: scratch("db.partial")))
  }

  @Test(arguments: [0, 512]) func refusesKeysOfWrongLength(length: Int) throws {
    let scratch = try Scratch()
    var writer = try Writer(creating: scratch("db"))
    let error = #expect(throws: LMDBError.self) { try writer.put([UInt8](repeating: 1, count: length), [1]) }
    #expect(error?.description.contains("a key has \(length) bytes") == true)
  }

  @Test func aWriterIsOfNoUseAfterClose() throws {
    let scratch = try Scratch()
    var writer = try Writer(creating: scratch("db"))
    try writer.close()
    try writer.put("a", [1])
    #expect(throws: LMDBError.self) { try writer.commit() }
  }
}

@Suite struct DamagedLMDBTests {
  @Test func saysWhatIsMissing() throws {
    let scratch = try Scratch()
    #expect(try refusal { _ = try Cursor(path: scratch("no")) }.words == "there is no such folder")
    #expect(try refusal { _ = try Cursor(path: scratch.path) }.words == "the folder holds no data.mdb")
    try write([1], to: scratch("CURRENT"))
    #expect(try refusal { _ = try Cursor(path: scratch.path) }.words.contains("LevelDB"))
    #expect(try refusal { _ = try Cursor(path: scratch("CURRENT")) }.code == ENOTDIR)
    try write([], to: scratch("data.mdb"))
    #expect(try refusal { _ = try Cursor(path: scratch.path) }.words == "the file is empty")
    try write([UInt8](repeating: 7, count: 10000), to: scratch("data.mdb"))
    #expect(try refusal { _ = try Cursor(path: scratch.path) }.words.contains("not an LMDB"))
  }

  /// A page that is promised and missing would end the process when it is read.
  @Test func refusesAFileThatIsTooShort() throws {
    let scratch = try Scratch()
    let whole = try contents(fixture("lmdb_encoded_png/data.mdb"))
    for size in [1, 100, 151, 4095, 4096, 4200, 4247] + Array(stride(from: 8192, to: whole.count, by: 4096))
      + [whole.count - 1]
    {
      try write(whole.prefix(size), to: scratch("data.mdb"))
      let error = try refusal { _ = try Cursor(path: scratch.path) }
      #expect(error.words.hasPrefix("truncated: ") && error.words.hasSuffix("the file has \(size)"), "\(size) bytes")
    }
    try write(whole.prefix(4096 * 7), to: scratch("data.mdb"))
    let words = try refusal { _ = try Cursor(path: scratch.path) }.words
    #expect(words == "truncated: its meta page promises 8 pages of 4096 bytes = 32768 bytes, the file has 28672")
    try write(whole, to: scratch("data.mdb"))
    #expect(try records(scratch.path).count == 6)
  }

  @Test(arguments: [16, 20, 40, 136, 143]) func refusesADamagedMetaPage(offset: Int) throws {
    let scratch = try Scratch()
    var bytes = try contents(fixture("lmdb_encoded_png/data.mdb"))
    for page in [0, 4096] { bytes[page + offset] ^= 0x55 }
    try write(bytes, to: scratch("data.mdb"))
    _ = try refusal { _ = try Cursor(path: scratch.path) }
  }

  /// Permissions do not bind root, so a folder in the place of the lock file stands for a read-only one.
  @Test func readsWithoutALockFileAndSaysSo() throws {
    let scratch = try Scratch()
    try FileManager.default.copyItem(atPath: fixture("lmdb_encoded_png"), toPath: scratch("db"))
    try? FileManager.default.removeItem(atPath: scratch("db/lock.mdb"))
    try FileManager.default.createDirectory(atPath: scratch("db/lock.mdb"), withIntermediateDirectories: true)
    var cursor = try Cursor(path: scratch("db"))
    let openedWithoutLock = cursor.openedWithoutLock
    #expect(openedWithoutLock)
    #expect(try cursor.next { key, _ in key.byteCount } == 23)
  }

  /// In a page each record has a header: the low and the high half of its size, flags, the size of its key; then come key and value.
  @Test func refusesARecordThatReachesBeyondTheFile() throws {
    let scratch = try Scratch()
    var writer = try Writer(creating: scratch("db"))
    try writer.put("a-key-to-find", [UInt8](repeating: 7, count: 100))
    try writer.close()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: scratch("db/data.mdb")))
    var found = 0, from = bytes.startIndex
    while let place = bytes.range(of: Data("a-key-to-find".utf8), in: from..<bytes.endIndex) {
      bytes[place.lowerBound - 6] = 0xFF
      (found, from) = (found + 1, place.upperBound)
    }
    #expect(found > 0)
    try bytes.write(to: URL(fileURLWithPath: scratch("db/data.mdb")))
    let error = try refusal { _ = try records(scratch("db")) }
    #expect(error.words == "a record reaches beyond the end of the file")
  }
}
