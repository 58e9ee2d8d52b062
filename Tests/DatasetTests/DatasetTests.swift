import Crema
import Datasets
import Foundation
import Images
import TestSupport
import Testing

@Suite struct DatasetTests {
  /// Two classes of small images, one file of which is no image.
  private func classes(_ folder: ScratchFolder, count: Int = 60) throws -> [DatasetClass] {
    for (label, name) in ["real", "fake"].enumerated() {
      try FileManager.default.createDirectory(atPath: folder(name), withIntermediateDirectories: true)
      for index in 0..<count {
        let pixels = (0..<(12 * 10 * 3)).map { UInt8(($0 * 7 + index * 13 + label * 101) % 256) }
        let image = Image(width: 12, height: 10, channels: 3, pixels: pixels)
        try write(image.pngData(), to: folder("\(name)/\(index % 20)_\(index).png"))
      }
    }
    try write([1, 2, 3], to: folder("real/broken.png"))
    try write([1, 2, 3], to: folder("real/notes.txt"))
    return try ["real", "fake"].map { try DatasetClass(name: $0, source: folder($0)) }
  }

  private func builder(
    _ classes: [DatasetClass], threads: Int = 1, _ change: (inout DatasetBuilder.Options) -> Void = { _ in }
  )
    -> DatasetBuilder
  {
    var options = DatasetBuilder.Options()
    options.side = 8
    change(&options)
    return DatasetBuilder(classes, options, threads: threads)
  }

  /// The numbers of contents decide how datasets are divided: they must never change.
  @Test func numbersOfContentsStay() {
    let numbers: [(count: Int, number: UInt64)] = [
      (0, 944_623_355_749_196_327), (3, 12_218_361_584_703_396_385), (4, 8_925_532_044_811_589_785),
      (11, 18_352_623_213_644_541_626),
    ]
    for (count, number) in numbers {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 5) }
      #expect(ContentHash.number(bytes.span) == number)
    }
  }

  @Test func partsAreDisjointAndComplete() throws {
    let folder = try ScratchFolder(), classes = try classes(folder)
    #expect(classes[0].others.count == 1)
    let builder = builder(classes)
    #expect(builder.items.count == 121)
    #expect(Set(builder.items.map(\.path)).count == 121)
    #expect(DatasetPart.allCases.allSatisfy { !builder.items(of: $0).isEmpty })
    #expect(builder.items(of: .train).count > 70)
  }

  @Test func groupsAreNotDivided() throws {
    let folder = try ScratchFolder()
    let builder = builder(try classes(folder)) { $0.grouping = .prefix("_") }
    var parts: [String: Set<String>] = [:]
    for item in builder.items where !item.path.hasSuffix("broken.png") {
      let name = item.path.split(separator: "/").last?.split(separator: "_").first.map(String.init) ?? ""
      parts[name, default: []].insert(item.part.rawValue)
    }
    #expect(parts.count == 20 && parts.values.allSatisfy { $0.count == 1 })
  }

  @Test func sameBytesForAnyThreadsAndManifestsSayAll() throws {
    let folder = try ScratchFolder(), classes = try classes(folder)
    let rule = try #require(OperationRule("JP-mix"))
    var files: [[UInt8]] = []
    for threads in [1, 3] {
      let path = folder("train\(threads)")
      let manifest = try builder(classes, threads: threads).write(.train, rule, to: path)
      files.append(try contents(path + "/data.mdb"))
      #expect(manifest.counts.reduce(0, +) == manifest.records.count)
      #expect(Set(manifest.records.map(\.parameter)).count > 10)
      let kept = try JSONDecoder().decode(
        DatasetManifest.self, from: Data(contentsOf: URL(fileURLWithPath: path + ".json")))
      #expect(kept.records.count == manifest.records.count && kept.operation == "JP-mix")
    }
    #expect(files[0] == files[1])
  }

  @Test func whatCannotBeDecodedIsNamed() throws {
    let folder = try ScratchFolder()
    let builder = builder(try classes(folder)) { $0.split = DatasetSplit("1,0,0") ?? .paper }
    let manifest = try builder.write(.train, try #require(OperationRule("Raw")), to: folder("train"))
    #expect(manifest.records.count == 120)
    #expect(manifest.unreadable.map(\.source) == [folder("real/broken.png")])
  }

  @Test func splitsOfZeroStayEmpty() throws {
    let split = try #require(DatasetSplit("0,1,1"))
    for number in stride(from: 0 as UInt64, to: .max - 1 << 58, by: 1 << 58) { #expect(split.part(number) != .train) }
    #expect(split.part(.max) == .test)
    #expect(DatasetSplit("1,2") == nil && DatasetSplit("0,0,0") == nil && DatasetSplit("1,-1,3") == nil)
  }
}
