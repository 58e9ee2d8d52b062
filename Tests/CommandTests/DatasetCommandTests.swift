import Foundation
import Images
import TestSupport
import Testing

/// Datasets as a user builds them.
@Suite struct DatasetCommandTests {
  private func folder() throws -> Scratch {
    let scratch = try Scratch()
    for name in ["real", "fake"] {
      try FileManager.default.createDirectory(atPath: "\(scratch.path)/in/\(name)", withIntermediateDirectories: true)
      for index in 0..<40 {
        let pixels = (0..<(20 * 20 * 3)).map { UInt8(($0 * 3 + index * 17 + name.count * 31) % 256) }
        try write(
          Image(width: 20, height: 20, channels: 3, pixels: pixels).jpegData(),
          to: "\(scratch.path)/in/\(name)/\(index).jpg")
      }
    }
    return scratch
  }

  @Test func makesDatabasesForEachOperation() throws {
    let scratch = try folder()
    defer { scratch.remove() }
    let words = ["dataset", "out", "--images", "in", "--side", "16", "--operation", "Raw", "--operation", "ME-mix"]
    let run = try Program.run(words, in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    for name in ["Raw/train_lmdb/data.mdb", "ME-mix/train_lmdb.json", "classes.txt"] {
      #expect(FileManager.default.fileExists(atPath: "\(scratch.path)/out/\(name)"), "\(name)")
    }
    #expect(run.output.contains("ME-mix/train_lmdb"))
    let again = try Program.run(words, in: scratch.path)
    #expect(again.code == 1 && again.errors.contains("exists already"))
    #expect(try Program.run(words + ["--overwrite"], in: scratch.path).code == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted() == ["in", "out"])
  }

  @Test func makesLevelDBs() throws {
    let scratch = try folder()
    defer { scratch.remove() }
    let run = try Program.run(
      ["dataset", "out", "--images", "in", "--side", "16", "--backend", "leveldb"], in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    for name in ["train_leveldb/CURRENT", "test_leveldb/CURRENT", "train_leveldb.json"] {
      #expect(FileManager.default.fileExists(atPath: "\(scratch.path)/out/\(name)"), "\(name)")
    }
  }

  @Test(arguments: [
    (["out"], 64, "give the classes"), (["out", "--images", "nowhere"], 1, "has no folders"),
    (["out", "--images", "in", "--operation", "JP600"], 64, "--operation takes"),
    (["out", "--class", "a=in/real"], 1, "one class only"), (["out", "--class", "a=in/none"], 1, "no folder or list"),
    (["out", "--images", "in", "--split", "1,2"], 64, "three shares"),
    (["out", "--images", "in", "--group", "x"], 64, "--group takes"),
  ])
  func mistakesAreNamed(_ words: [String], _ code: Int32, _ wanted: String) throws {
    let scratch = try folder()
    defer { scratch.remove() }
    let run = try Program.run(["dataset"] + words, in: scratch.path)
    #expect(run.code == code && run.errors.contains(wanted), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: "\(scratch.path)/out"))
  }
}
