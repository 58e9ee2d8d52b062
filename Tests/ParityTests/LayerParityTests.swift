import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// One recorded run of one layer: `<Type>/<case>.prototxt` and `.h5`.
struct LayerCase: CustomTestStringConvertible, Sendable {
  let name: String
  var testDescription: String { name }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "Fixtures/layers")

  static let all: [LayerCase] = {
    let files = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    return files.filter { $0.hasSuffix(".prototxt") }.map { LayerCase(name: String($0.dropLast(9))) }
      .filter { LayerCatalog.standard[String($0.name.prefix { $0 != "/" })] != nil }
      .sorted { $0.name < $1.name }
  }()

  /// Where the files are that the definition names.
  var folder: String { LayerCase.folder.appendingPathComponent(name).deletingLastPathComponent().path }

  func path(_ ending: String) -> String { LayerCase.folder.appendingPathComponent(name + ending).path }
}

@Suite struct LayerParityTests {
  @Test func thereAreCases() { #expect(LayerCase.all.count > 200) }

  @Test(arguments: LayerCase.all, [1, 3])
  func agreesWithCaffe(_ layerCase: LayerCase, pieces: Int) throws {
    for complaint in try LayerReplay(layerCase).complaints(pieces: pieces) { Issue.record("\(complaint)") }
  }
}

/// A recorded layer, built again.
struct LayerReplay {
  let recording: Recording
  let message: Message
  let run: LayerRun
  let name: String

  init(_ layerCase: LayerCase) throws {
    name = layerCase.name
    let recording = try Recording(contentsOf: layerCase.path(".h5"))
    let text = try String(contentsOfFile: layerCase.path(".prototxt"), encoding: .utf8)
    let message = try layers(text, file: layerCase.name).first { $0.string("name") == "layer" }
    self.message = try #require(message)
    self.recording = recording
    let phase = try #require(try Phase(rawValue: recording.text("phase") ?? ""))
    let bottoms = try self.message.strings("bottom").map { name in
      let data = try recording.tensor("bottom/\(name)")
      return Blob(data, gradient: Tensor(data.shape))
    }
    let isInPlace = self.message.strings("top").first == self.message.strings("bottom").first
    let layer = try makeLayer(self.message, phase: phase, folder: layerCase.folder)
    // How many images Filter selects is recorded.
    let tops = layer is Filter ? try self.message.strings("top").map { try recording.tensor("top/\($0)").shape } : nil
    let run = try LayerRun(layer, bottoms: bottoms, inPlace: isInPlace, tops: tops)
    let weights = try recording.numbered(in: "param")
    try #require(weights.map(\.shape) == run.weights.map(\.shape), "\(name): weights")
    for (blob, tensor) in zip(run.weights, weights) { blob.data.copy(tensor) }
    self.run = run
  }

  /// Runs the layer, and says what differs from the recording.
  func complaints(pieces: Int) throws -> [String] {
    var complaints: [String] = []
    func compare(_ found: Tensor, _ path: String, _ tolerance: Tolerance, isOptional: Bool = false) throws {
      guard try !isOptional || recording.hasTensor(path) else { return }
      let complaint = difference(
        found, try recording.tensor(path), tolerance, what: "\(name) \(path), \(pieces) pieces")
      if let complaint { complaints.append(complaint) }
    }
    let tops = message.strings("top"), bottoms = message.strings("bottom")
    for _ in 0..<Int(try recording.number("forwards") ?? 1) {
      for (blob, name) in zip(run.bottoms, bottoms) { blob.data.copy(try recording.tensor("bottom/\(name)")) }
      if try recording.hasTensor("mask/a") { run.kept[0].copy(try recording.tensor("mask/a")) }
      run.forward(pieces: pieces)
    }
    if let failure = run.takeFailure() { complaints.append("\(name): \(failure)") }
    for (blob, top) in zip(run.tops, tops) { try compare(blob.data, "top/\(top)", .forward) }
    for (index, blob) in run.weights.enumerated() {
      try compare(blob.data, "param_after/\(index)", .forward, isOptional: true)
    }
    let gradients = try recording.names(in: "bottom_diff")
    guard try !gradients.isEmpty || recording.hasTensor("param_diff/0") else { return complaints }
    run.wanted = bottoms.map { gradients.contains($0) }
    func backward(_ group: String) throws {
      for (blob, top) in zip(run.tops, tops) { blob.gradient.copy(try recording.tensor("top_diff/\(top)")) }
      run.backward(pieces: pieces)
      for (index, blob) in run.weights.enumerated() {
        try compare(blob.gradient, "\(group)/\(index)", .backward, isOptional: true)
      }
    }
    try backward("param_diff")
    for (blob, bottom) in zip(run.bottoms, bottoms) where gradients.contains(bottom) {
      try compare(blob.gradient, "bottom_diff/\(bottom)", .backward)
    }
    try backward("param_diff_twice")
    return complaints
  }
}
