import Crema
import Foundation
import HDF5
import Prototxt
import Synchronization
import TestSupport
import Testing

/// Batches of Caffe's ImageData layer, from the same files with the same seed.
@Suite struct ImageDataTests {
  static let nets = [
    "gray", "native_size", "rand_skip", "resize", "shuffle", "shuffle_skip_crop_mirror_mean_value",
  ]

  private func environment(_ folder: String = "transform") -> InputEnvironment {
    var environment = InputEnvironment()
    environment.rootFolder = FixtureFolder.path(folder)
    return environment
  }

  private func layer(_ parameters: String, _ transform: String = "") throws -> Message {
    try layers(
      "layer { name: 'data' type: 'ImageData' top: 'data' top: 'label' image_data_param { \(parameters) } "
        + "transform_param { \(transform) } }")[0]
  }

  @Test(arguments: nets, [Phase.train, .test]) func readsTheSameBits(net: String, phase: Phase) throws {
    let path = FixtureFolder.path("transform/image_\(net)")
    let message = try TextParser.parse(contentsOf: path + ".prototxt", as: CaffeSchema.net).message.messages("layer")[0]
    let source = try OpenSource(message, phase: phase, environment: environment())
    let recording = try HDF5File(reading: path + ".h5")
    for batch in 0..<3 {
      let values = try source.next()
      for (i, top) in ["data", "label"].enumerated() {
        let name = "\(phase == .train ? "train" : "test")/\(batch)/\(top)"
        #expect(source.shapes[i].axes == (try recording.shape(of: name)), "\(net) \(name)")
        #expect(values[i] == (try recording.floats(at: name)), "\(net) \(name)")
      }
    }
  }

  @Test(arguments: [
    ("", "", 1), ("shuffle: true", "", 2), ("rand_skip: 3", "", 2), ("", "mirror: true", 3),
    ("shuffle: true rand_skip: 3", "mirror: true", 5),
  ])
  func drawsAsCaffe(parameters: String, transform: String, draws: Int) throws {
    let other = RandomStream(seed: 1701)
    for _ in 0..<draws { _ = other.draw() }
    let message = try layer("source: 'images.txt' root_folder: 'images/' \(parameters)", transform)
    let source = try OpenSource(message, phase: .test, environment: environment())
    #expect(source.random.draw() == other.draw())
  }

  @Test func logsAsCaffe() throws {
    let collector = LogCollector()
    let message = try layer(
      "source: 'images.txt' root_folder: 'images/' batch_size: 2 shuffle: true rand_skip: 7 new_height: 5 new_width: 6")
    _ = try OpenSource(message, phase: .train, environment: environment(), log: collector.log)
    #expect(
      collector.lines == [
        "I image_data_layer.cpp:38 Opening file images.txt", "I image_data_layer.cpp:53 Shuffling data",
        "I image_data_layer.cpp:63 A total of 9 images.", "I image_data_layer.cpp:90 output data size: 2,3,5,6",
        "I image_data_layer.cpp:70 Skipping first 2 data points.",
      ])
  }

  @Test func ranksTakeTheSameImagesAndHearOfIt() throws {
    var environment = environment()
    (environment.rank, environment.ranks) = (1, 2)
    let collector = LogCollector()
    let message = try layer("source: 'images.txt' root_folder: 'images/' batch_size: 3 new_height: 5 new_width: 6")
    let source = try OpenSource(message, phase: .train, environment: environment, log: collector.log)
    #expect(try source.next()[1] == [0, 10, 21])
    #expect(try source.next()[1] == [31, 41, 51])
    #expect(collector.lines.contains("W image_data_layer.cpp:60 Shuffling or skipping recommended for multi-GPU"))
  }

  @Test func aListMayHaveSpacesAndPaths() throws {
    let scratch = try ScratchFolder()
    let images = FixtureFolder.path("files/images")
    try write("colour photo.png 7\r\ncolour_420.jpg -2\n\n".utf8, to: scratch("list.txt"))
    let message = try layer("source: '\(scratch("list.txt"))' root_folder: '\(images)/' new_height: 4 new_width: 4")
    let source = try OpenSource(message, phase: .test, environment: InputEnvironment())
    #expect(try (0..<3).map { _ in try source.next()[1] } == [[7], [-2], [7]])
  }

  /// What is said of a net with this list; nil if two batches come out of it.
  private func complaint(_ list: String, _ parameters: String = "batch_size: 2", _ transform: String = "") throws
    -> String?
  {
    let scratch = try ScratchFolder()
    try write(list.utf8, to: scratch("list.txt"))
    let folder = FixtureFolder.path("transform/images/")
    let message = try layer("source: '\(scratch("list.txt"))' root_folder: '\(folder)' \(parameters)", transform)
    do throws(Diagnostic) {
      let source = try OpenSource(message, phase: .test, environment: InputEnvironment())
      for _ in 0..<2 { _ = try source.next() }
      return nil
    } catch { return error.description.replacingOccurrences(of: scratch.path + "/", with: "") }
  }

  @Test(arguments: [
    ("", ["the list 'list.txt' is empty"]),
    ("0_astronaut.png\n", ["list.txt:1:1: error: a line must be a path, a space and a whole number"]),
    ("0_astronaut.png 1\n0_astronaut.png one\n", ["list.txt:2:17: error: a line must be", "0_astronaut.png one"]),
    ("none.png 0\n", ["list.txt:1:1: error: image '", "none.png': No such file", "none.png 0"]),
    ("0_astronaut.png 1\nnone.png 2\n", ["list.txt:2:1: error: image '", "none.png': No such file", "asked for here"]),
    (
      "0_astronaut.png 1\n1_astronaut.png 2\n",
      ["list.txt:2:1: error: image '", "1_astronaut.png': its image is 3x", "set new_height and new_width, crop them"]
    ),
  ])
  func refusesLists(list: String, parts: [String]) throws {
    let message = try #require(try complaint(list))
    for part in parts { #expect(message.contains(part), "\(message)") }
  }

  @Test(arguments: [
    ("batch_size: 0", "", "batch_size must be at least 1, not 0"),
    ("new_height: 5", "", "new_height and new_width must be set at the same time; they are 5 and 0"),
    ("new_height: 1000000000 new_width: 1000000000", "", "are too large"),
    ("rand_skip: 4000", "", "Not enough points to skip: rand_skip 4000 drew"),
    ("new_height: 5 new_width: 5", "crop_size: 6", "crop_size 6 is larger than the image, which is 5x5"),
    ("new_height: 5 new_width: 5", "mean_value: [1, 2]", "2 mean values are given for 3 channels"),
  ])
  func refusesParameters(parameters: String, transform: String, part: String) throws {
    let message = try complaint("0_astronaut.png 1\n", parameters, transform)
    #expect(message?.contains(part) == true, "\(message ?? "")")
  }

  @Test func refusesWithoutAList() throws {
    let missing = #expect(throws: Diagnostic.self) { try layer("source: 'no.txt'").open() }
    #expect(missing?.message.contains("the list of images 'no.txt' does not exist in the folder") == true)
    let unnamed = #expect(throws: Diagnostic.self) { try layer("batch_size: 2").open() }
    #expect(unnamed?.message.contains("source is missing") == true)
  }

  @Test(arguments: [
    ("image_missing", "list.txt:2:1: error: image 'none.png': No such file"),
    ("image_list_without_label", "list.txt:1:1: error: a line must be a path, a space and a whole number"),
  ])
  func refusesWhatCaffeRecorded(folder: String, part: String) throws {
    let path = FixtureFolder.path("bad/\(folder)")
    var message = try TextParser.parse(contentsOf: path + "/net.prototxt", as: CaffeSchema.net).message.messages(
      "layer")[0]
    var parameters = message.message("image_data_param")
    parameters.set("root_folder", path + "/")
    message.set("image_data_param", parameters)
    let error = #expect(throws: Diagnostic.self) {
      let source = try OpenSource(message, phase: .test, environment: environment("bad/\(folder)"))
      _ = try source.next()
    }
    let text = error?.description.replacingOccurrences(of: path + "/", with: "")
    #expect(text?.contains(part) == true, "\(text ?? "")")
  }

  @Test func warnsOnceOfADamagedImage() throws {
    let scratch = try ScratchFolder()
    let whole = try contents(FixtureFolder.path("files/images/colour_420.jpg"))
    try write(whole.prefix(whole.count / 2), to: scratch("half.jpg"))
    try write("half.jpg 1\nhalf.jpg 2\n".utf8, to: scratch("list.txt"))
    let warnings = WarningCollector()
    let message = try layer("source: '\(scratch("list.txt"))' root_folder: '\(scratch.path)/' batch_size: 2")
    let source = try OpenSource(message, phase: .test, environment: warnings.environment)
    for _ in 0..<3 { _ = try source.next() }
    #expect(warnings.texts.count == 1)
    #expect(warnings.texts.first?.hasPrefix("image '\(scratch("half.jpg"))' is damaged (Premature end") == true)
  }
}

extension Message {
  fileprivate func open() throws -> OpenSource {
    try OpenSource(self, phase: .test, environment: InputEnvironment())
  }
}

/// Keeps the warnings about data.
final class WarningCollector: Sendable {
  private let kept = Mutex<[String]>([])

  /// Where sources are looked up, with warnings that come here.
  var environment: InputEnvironment {
    var environment = InputEnvironment()
    environment.warn = { text in self.kept.withLock { $0.append(text) } }
    return environment
  }

  /// All warnings so far.
  var texts: [String] { kept.withLock { $0 } }
}
