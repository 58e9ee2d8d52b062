import Crema
import Foundation
import LMDB
import Prototxt
import TestSupport
import Testing

/// Databases as Caffe's `convert_imageset` wrote them.
@Suite struct ImageSetTests {
  private typealias Records = [String: [UInt8]]

  private func records(_ path: String) throws -> Records {
    var cursor = try Cursor(path: path)
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

  @Test(arguments: [
    ("lmdb_native", false, false), ("lmdb_encoded", true, false), ("lmdb_encoded_gray", true, true),
    ("lmdb_resized", false, false), ("lmdb_encoded_png", true, false),
  ])
  func writesTheSameRecords(name: String, isEncoded: Bool, isGray: Bool) throws {
    var set = ImageSet()
    (set.isEncoded, set.isGray) = (isEncoded, isGray)
    if ["lmdb_resized", "lmdb_encoded_png"].contains(name) { (set.height, set.width) = (32, 32) }
    if name == "lmdb_encoded_png" { set.encodeType = "png" }
    let expected = try records(FixtureFolder.path("files/\(name)"))
    #expect(expected.count == 6)
    try withScratch { path in
      var complaints: [String] = [], progress: [Int] = []
      let report = try set.convert(
        try list, in: FixtureFolder.path("files/images/"), to: path, progress: { progress.append($0) },
        complain: { complaints.append($0.description) })
      #expect(report == ImageSet.Report(written: 6))
      #expect(progress == [6])
      #expect(complaints.isEmpty, "\(complaints)")
      let found = try records(path)
      #expect(found.keys.sorted() == expected.keys.sorted())
      for (key, value) in expected { #expect(found[key] == value, "\(name) \(key)") }
    }
  }

  @Test func refusesADatabaseThatExists() throws {
    try withScratch { path in
      let images = FixtureFolder.path("files/images/")
      var set = ImageSet()
      _ = try set.convert(try list, in: images, to: path, complain: { _ in })
      let error = #expect(throws: Diagnostic.self) {
        try set.convert(try list, in: images, to: path, complain: { _ in })
      }
      #expect(error?.message.contains("exists already; choose another name, delete it, or say --overwrite") == true)
      set.overwrites = true
      set.isGray = true
      #expect(try set.convert(try list, in: images, to: path, complain: { _ in }).written == 6)
      #expect(try records(path)["00000002_gray.png"]?.count == 50 * 61 + 13)
    }
  }

  @Test(arguments: ["convert_sizes_differ", "convert_image_missing"])
  func namesTheImagesItCannotUse(folder: String) throws {
    let path = FixtureFolder.path("bad/\(folder)/")
    let list = try ImageList(contentsOf: path + "list.txt")
    try withScratch { database in
      var set = ImageSet()
      set.checksSize = folder == "convert_sizes_differ"
      var complaints: [String] = []
      do throws(Diagnostic) {
        let report = try set.convert(list, in: path, to: database) { complaints.append($0.description) }
        #expect(folder == "convert_image_missing" && report.failed == 1 && report.written == list.entries.count - 1)
        #expect(complaints.count == 1 && complaints[0].contains("No such file"))
      } catch {
        #expect(folder == "convert_sizes_differ" && error.message.contains("has 144 values, but '0.png'"))
        #expect(!FileManager.default.fileExists(atPath: database))
      }
    }
  }

  @Test(arguments: [
    ("a.png\n", "list.txt:1:1: error: a line must be"), ("a.png 1\nb.png two\n", "list.txt:2:1"),
    ("a.png 1\n\nb.png 2\n", "this one is blank"), ("\n", "the list 'list.txt' is empty"),
    ("a.png 3000000000\n", "list.txt:1:1"), (" 5\n", "list.txt:1:1"), ("a.png\t4\n", "list.txt:1:1"),
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
