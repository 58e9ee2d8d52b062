import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// Batches of WindowData: what an emulation of Caffe's rules with OpenCV's `imread` and `resize` gives, bit for bit.
@Suite struct WindowDataTests {
  private struct Case: Decodable {
    struct Batch: Decodable {
      let data: String
      let labels: [Float]
    }
    let layer: String
    let TRAIN: [Batch]
    let TEST: [Batch]
  }

  private static let cases: [Case] = {
    let data = FileManager.default.contents(atPath: FixtureFolder.path("transform/windows.json")) ?? Data()
    return (try? JSONDecoder().decode([Case].self, from: data)) ?? []
  }()

  private var environment: InputEnvironment {
    var environment = InputEnvironment()
    environment.rootFolder = FixtureFolder.path("transform")
    return environment
  }

  /// FNV-1a of the bits of floats, lowest byte first.
  private func checksum(_ values: [Float]) -> String {
    var hash: UInt64 = 1_469_598_103_934_665_603
    for value in values {
      for shift in [0, 8, 16, 24] as [UInt32] {
        hash = (hash ^ UInt64(value.bitPattern >> shift & 255)) &* 1_099_511_628_211
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  @Test(arguments: 0..<7, [Phase.train, .test]) func drawsTheSameWindows(index: Int, phase: Phase) throws {
    let recorded = try #require(Self.cases.count == 7 ? Self.cases[index] : nil)
    let source = try OpenSource(try layers(recorded.layer)[0], phase: phase, environment: environment)
    for (number, batch) in (phase == .train ? recorded.TRAIN : recorded.TEST).enumerated() {
      let values = try source.next()
      #expect(values[1] == batch.labels, "case \(index), batch \(number)")
      #expect(checksum(values[0]) == batch.data, "case \(index), batch \(number)")
    }
  }

  private func layer(_ parameters: String, _ transform: String = "crop_size: 8") throws -> Message {
    try layers(
      "layer { name: 'data' type: 'WindowData' top: 'data' top: 'label' window_data_param { batch_size: 4 \(parameters) } "
        + "transform_param { \(transform) } }")[0]
  }

  private static let known = "source: 'windows.txt' root_folder: 'images/'"

  @Test(arguments: [
    (Phase.test, "crop_size: 8", 2), (.train, "crop_size: 8", 4), (.test, "crop_size: 8 mirror: true", 4),
  ])
  func drawsAsCaffe(phase: Phase, transform: String, draws: Int) throws {
    let other = RandomStream(seed: 1701)
    for _ in 0..<draws { _ = other.draw() }
    let source = try OpenSource(try layer(Self.known, transform), phase: phase, environment: environment)
    #expect(source.random.draw() == other.draw())
  }

  @Test func logsAsCaffe() throws {
    let collector = LogCollector()
    _ = try OpenSource(
      try layer(Self.known + " context_pad: 2 cache_images: true"), phase: .test, environment: environment,
      log: collector.log)
    let lines = collector.lines
    #expect(
      lines.first
        == "I window_data_layer.cpp:53 Window data layer:\n  foreground (object) overlap threshold: 0.5\n"
        + "  background (non-object) overlap threshold: 0.5\n  foreground sampling fraction: 0.25\n"
        + "  cache_images: 1\n  root_folder: images/")
    #expect(lines.contains("I window_data_layer.cpp:148 num: 0 images/0_astronaut.png 3 24 52 windows to process: 4"))
    #expect(lines.contains("I window_data_layer.cpp:157 Number of images: 9"))
    #expect(lines.contains { $0.hasPrefix("I window_data_layer.cpp:161 class 0 has ") })
    #expect(
      lines.suffix(3) == [
        "I window_data_layer.cpp:165 Amount of context padding: 2", "I window_data_layer.cpp:168 Crop mode: warp",
        "I window_data_layer.cpp:180 output data size: 4,3,8,8",
      ])
  }

  /// What is said of this window file; nil if a batch comes out of it.
  private func complaint(_ file: String, _ parameters: String = "", _ transform: String = "crop_size: 8") throws
    -> String?
  {
    let scratch = try ScratchFolder()
    try write(file.utf8, to: scratch("windows.txt"))
    let folder = FixtureFolder.path("transform/images/")
    let message = try layer("source: '\(scratch("windows.txt"))' root_folder: '\(folder)' \(parameters)", transform)
    do throws(Diagnostic) {
      let source = try OpenSource(message, phase: .test, environment: environment)
      _ = try source.next()
      return nil
    } catch { return error.description.replacingOccurrences(of: scratch.path + "/", with: "") }
  }

  private static let image = "# 0\n0_astronaut.png\n3 24 52\n"

  @Test(arguments: [
    ("", ["Window file is empty"]),
    ("0_astronaut.png 1\n", ["windows.txt:1:1: error: an image must start with '#'"]),
    ("# 1\n0_astronaut.png 3 24 52 0\n", ["windows.txt:1:1", "image 1 is the 0th of the file"]),
    (image + "2\n1 0.9 0 0 9 9\n0 0.1 0 0 9\n", ["the file ends where a corner of the window is wanted"]),
    (
      image + "2\n1 0.9 0 0 9 9.5\n0 0.1 0 0 9 9\n", ["windows.txt:5:13: error: a corner of the window must be a whole"]
    ),
    (image + "1\n1 high 0 0 9 9\n", ["windows.txt:5:3: error: the overlap of the window must be a number, not 'high'"]),
    (image + "1\n1 0.9 0 0 9 9\n1 0.9 0 0 9 9\n", ["windows.txt:6:1: error: an image must start with '#'", "count"]),
    (image + "2\n0 0.9 0 0 9 9\n0 0.1 0 0 9 9\n", ["windows.txt:5:1: error: a window of the foreground", "not 0"]),
    (image + "1\n1 0.9 0 0 9 9\n", ["has no window of the background"]),
    (image + "1\n1 0.1 0 0 9 9\n", ["has no window of the foreground"]),
    (
      image + "2\n1 0.9 0 0 9 9\n0 0.1 40 0 52 9\n",
      ["windows.txt:6:1", "40 0 52 9 (x1 y1 x2 y2) lies outside", "52x24"]
    ),
    (image + "2\n1 0.9 0 0 9 9\n0 0.1 9 0 2 9\n", ["lies outside of image"]),
    (
      "# 0 no.png 3 9 9 2\n1 0.9 0 0 9 9\n0 0.1 0 0 9 9\n",
      ["windows.txt:1:1: error: image '", "no.png': No such file"]
    ),
  ])
  func refusesFiles(file: String, parts: [String]) throws {
    let message = try #require(try complaint(file))
    for part in parts { #expect(message.contains(part), "\(message)") }
  }

  @Test func refusesAMissingImageOfTheCache() throws {
    let file = "# 0 no.png 3 9 9 2\n1 0.9 0 0 9 9\n0 0.1 0 0 9 9\n"
    #expect(try complaint(file, "cache_images: true")?.contains("windows.txt:1:1: error: cannot open '") == true)
  }

  @Test(arguments: [
    ("", "", "WindowData needs a crop_size in transform_param"),
    ("context_pad: 4", "crop_size: 8", "context_pad 4 on each side leaves nothing of crop_size 8"),
    ("crop_mode: 'squar'", "crop_size: 8", "crop_mode must be"),
    ("fg_fraction: 1.5", "crop_size: 8", "fg_fraction must be 0 to 1, not 1.5"),
    ("", "crop_size: 8 mean_value: [1, 2]", "Specify either 1 mean_value or as many as channels: 3; not 2"),
    (
      "", "crop_size: 25 mean_file: 'mean.binaryproto'", "3 channels are wanted, and a square that is at least as large"
    ),
  ])
  func refusesParameters(parameters: String, transform: String, part: String) throws {
    let message = try complaint(Self.image + "2\n1 0.9 0 0 9 9\n0 0.1 0 0 9 9\n", parameters, transform)
    #expect(message?.contains(part) == true, "\(message ?? "")")
  }
}
