import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// Databases as Caffe's `convert_imageset` wrote them.
@Suite struct ImageSetTests {
  private typealias Records = [String: [UInt8]]

  private func records(_ path: String) throws -> Records {
    let backend = try #require(DatabaseBackend(of: path))
    var cursor = try backend.cursor(path)
    var records: Records = [:]
    while let (key, value) = try cursor.next({ key, value in
      (String(decoding: bytes(key), as: UTF8.self), bytes(value))
    }) {
      records[key] = value
    }
    return records
  }

  private func bytes(_ span: RawSpan) -> [UInt8] { unsafe span.withUnsafeBytes { unsafe Array($0) } }

  /// Runs `body` with a path where nothing is.
  private func withScratch<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("crema-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path + "/db")
  }

  private var list: ImageList {
    get throws { try ImageList(contentsOf: FixtureFolder.path("files/list.txt")) }
  }

  /// The tool's flags as settings, and what Caffe made with them.
  private static func recorded(_ name: String) -> ImageSet {
    var set = ImageSet()
    set.isEncoded = name.contains("encoded")
    set.isGray = name.contains("gray")
    if ["lmdb_resized", "leveldb_resized", "lmdb_gray", "lmdb_encoded_png"].contains(name) {
      (set.height, set.width) = (32, 32)
    }
    if name == "lmdb_encoded_png" { set.encodeType = "png" }
    if name.hasPrefix("leveldb") { set.backend = .leveldb }
    return set
  }

  @Test(
    arguments: [
      "lmdb_native", "lmdb_encoded", "lmdb_encoded_gray", "lmdb_resized", "lmdb_gray", "lmdb_encoded_png",
      "leveldb_resized",
    ], [1, 3])
  func writesTheSameRecords(name: String, threads: Int) throws {
    var set = Self.recorded(name)
    set.threads = threads
    let fixture = FixtureFolder.path("files/\(name)")
    try withScratch { path in
      let log = LogCollector()
      var progress: [Int] = []
      let report = try set.convert(
        try list, in: FixtureFolder.path("files/images/"), to: path, log: log.log, progress: { progress.append($0) })
      #expect(report.written == 6 && report.unusable.isEmpty && report.damaged.isEmpty)
      #expect(progress == [1, 2, 3, 4, 5, 6])
      #expect(
        log.lines == [
          "I \(set.backend == .lmdb ? "db_lmdb.cpp:35" : "db_leveldb.cpp:18") Opened \(set.backend.rawValue) \(path)",
          "I convert_imageset.cpp:153 Processed 6 files.",
        ])
      if set.backend == .leveldb {
        #expect(try contents(path + "/000003.log") == contents(fixture + "/000003.log"))
        return
      }
      let (found, expected) = (try records(path), try records(fixture))
      #expect(expected.count == 6 && found.keys.sorted() == expected.keys.sorted())
      for (key, value) in expected { #expect(found[key] == value, "\(name) \(key)") }
    }
  }

  /// More records than a commit, than wait at a time, and than a first map holds; some images are missing.
  @Test(arguments: [1, 2, 5], DatabaseBackend.allCases)
  func keepsTheOrderOfTheListWithManyThreads(threads: Int, backend: DatabaseBackend) throws {
    let names = ["colour_420.jpg", "gray.png", "missing.png", "turned.jpg"]
    let text = (0..<1_700).map { "\(names[$0 % 4]) \($0)\n" }.joined()
    let list = try ImageList(SourceText(name: "list.txt", text))
    var set = ImageSet()
    (set.height, set.width, set.threads, set.backend) = (16, 16, threads, backend)
    try withScratch { path in
      let log = LogCollector()
      let report = try set.convert(list, in: FixtureFolder.path("files/images/"), to: path, log: log.log)
      #expect(report.written == 1_275 && report.unusable.count == 425)
      #expect(
        log.lines.filter { $0.hasPrefix("I convert") } == [
          "I convert_imageset.cpp:147 Processed 1000 files.", "I convert_imageset.cpp:153 Processed 1275 files.",
        ])
      #expect(
        log.lines.count { $0.hasPrefix("E io.cpp:80 Could not open or find file ") && $0.hasSuffix("/missing.png") }
          == 425)
      let found = try records(path)
      #expect(found.count == 1_275)
      for (key, value) in found {
        let index = try #require(Int(key.prefix(8)))
        #expect(key.dropFirst(9) == names[index % 4])
        #expect(Int(try Datum(value.span).label) == index)
      }
    }
  }

  @Test func refusesADatabaseThatExists() throws {
    try withScratch { path in
      let images = FixtureFolder.path("files/images/")
      var set = ImageSet()
      _ = try set.convert(try list, in: images, to: path)
      let error = #expect(throws: Diagnostic.self) { try set.convert(try list, in: images, to: path) }
      #expect(error?.message.contains("exists already; choose another name, delete it, or say --overwrite") == true)
      (set.overwrites, set.isGray) = (true, true)
      #expect(try set.convert(try list, in: images, to: path + "/").written == 6)
      #expect(try records(path)["00000002_gray.png"]?.count == 50 * 61 + 13)
      set.backend = .leveldb
      #expect(try set.convert(try list, in: images, to: path).written == 6)
      #expect(DatabaseBackend(of: path) == .leveldb)
      set.backend = .lmdb
      let nothing = try ImageList(SourceText(name: "list.txt", "no.png 1\n"))
      let none = #expect(throws: Diagnostic.self) { try set.convert(nothing, in: images, to: path) }
      #expect(none?.message.contains("none of the 1 images could be used") == true)
      #expect(DatabaseBackend(of: path) == .leveldb, "the old one stays")
      #expect(try set.convert(try list, in: images, to: path).written == 6)
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["db"])
      try FileManager.default.removeItem(atPath: path + "/data.mdb")
      let other = #expect(throws: Diagnostic.self) { try set.convert(try list, in: images, to: path) }
      #expect(other?.message.contains("is neither an LMDB nor a LevelDB") == true)
    }
  }

  @Test(arguments: ["convert_sizes_differ", "convert_image_missing"])
  func namesTheImagesItCannotUse(folder: String) throws {
    let path = FixtureFolder.path("bad/\(folder)/")
    let list = try ImageList(contentsOf: path + "list.txt")
    try withScratch { database in
      var set = ImageSet()
      set.checksSize = folder == "convert_sizes_differ"
      do throws(Diagnostic) {
        let report = try set.convert(list, in: path, to: database)
        #expect(folder == "convert_image_missing" && report.written == list.entries.count - 1)
        #expect(report.unusable.count == 1 && report.unusable[0].message.contains("No such file"))
      } catch {
        #expect(folder == "convert_sizes_differ" && error.message.contains("has 144 values, but '0.png'"))
        #expect(!FileManager.default.fileExists(atPath: database))
        #expect(!FileManager.default.fileExists(atPath: database + ".partial"))
      }
    }
  }

  /// A file that ends early is used, as in OpenCV, and told.
  @Test func namesDamagedImages() throws {
    try withScratch { path in
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path + "/"
      let whole = try contents(FixtureFolder.path("files/images/colour_420.jpg"))
      try write(whole.prefix(whole.count / 2), to: folder + "half.jpg")
      let list = try ImageList(SourceText(name: "list.txt", "half.jpg 1\n"))
      let report = try ImageSet().convert(list, in: folder, to: path)
      #expect(report.written == 1 && report.damaged.count == 1)
      #expect(report.damaged.first?.message.hasPrefix("image '\(folder)half.jpg': ") == true)
    }
  }

  @Test func refusesSettings() throws {
    let wrong: [(inout ImageSet) -> Void] = [
      { $0.height = 4 }, { ($0.height, $0.width) = (-1, -1) }, { ($0.height, $0.width) = (4, 70_000) },
      { $0.encodeType = "png" }, { ($0.isEncoded, $0.encodeType) = (true, "gif") },
    ]
    for change in wrong {
      try withScratch { path in
        var set = ImageSet()
        change(&set)
        #expect(throws: Diagnostic.self) { try set.convert(try list, in: "", to: path) }
        #expect(!FileManager.default.fileExists(atPath: path))
      }
    }
  }

  @Test(arguments: [
    ("a.png\n", "list.txt:1:1: error: a line must be"), ("a.png 1\nb.png two\n", "list.txt:2:7"),
    ("a.png 1\n\nb.png 2\n", "this one is blank"), ("\n", "the list 'list.txt' is empty"),
    ("a.png 3000000000\n", "list.txt:1:7"), ("a b c \n", "list.txt:1:5"), (" 5\n", "list.txt:1:1"),
    ("a.png\t4\n", "list.txt:1:1"),
  ])
  func refusesLines(text: String, part: String) throws {
    let error = #expect(throws: Diagnostic.self) { try ImageList(SourceText(name: "list.txt", text)) }
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
  }

  @Test func splitsAtTheLastSpace() throws {
    let list = try ImageList(SourceText(name: "list.txt", "a b.png 3\r\nc.png -1\n\n"))
    #expect(list.entries == [.init(path: "a b.png", label: 3), .init(path: "c.png", label: -1)])
  }
}
