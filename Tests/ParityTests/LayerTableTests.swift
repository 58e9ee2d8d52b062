import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// `LAYERS.md`: how much each layer type is tested. The table is written by this test, which fails if the file is out of date.
@Suite struct LayerTableTests {
  /// Set, the file is written instead of compared.
  private static let variable = "CREMA_WRITE_LAYERS"
  private static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "../../LAYERS.md"
  ).standardized.path

  /// The types of Caffe itself; all others are those of its forks.
  private static let caffe: Set<String> = Set(
    """
    AbsVal Accuracy ArgMax BNLL BatchNorm BatchReindex Bias Clip Concat ContrastiveLoss Convolution Crop Data Deconvolution
    Dropout DummyData ELU Eltwise Embed EuclideanLoss Exp Filter Flatten HDF5Data HDF5Output HingeLoss Im2col ImageData
    InfogainLoss InnerProduct Input LRN LSTM LSTMUnit Log MVN MemoryData MultinomialLogisticLoss PReLU Parameter Pooling
    Power Python RNN ReLU Reduction Reshape SPP Scale Sigmoid SigmoidCrossEntropyLoss Silence Slice Softmax SoftmaxWithLoss
    Split Swish TanH Threshold Tile WindowData
    """.split { $0.isWhitespace }.map(String.init))

  private struct Row {
    var alone = 0, inNets = 0, batches = 0, gradients = 0
    /// By engine, how many recordings agree.
    var agreeing: [Int] = [0, 0, 0]
    /// Whether any test file names the type.
    var isNamed = false
    var cases: Int { alone + inNets + batches + gradients }
  }

  private static let engines: [(name: String, engine: (any Engine)?)] = [
    ("auto", FastEngine()), ("direct", FastEngine(usesWinograd: false)), ("reference", nil),
  ]

  @Test func everyTypeOfCaffeIsThere() {
    #expect(Self.caffe.count == 61)
    #expect(Self.caffe.subtracting(LayerCatalog.standard.types).isSubset(of: ["ImageData", "WindowData"]))
  }

  @Test func theTableIsUpToDate() throws {
    var rows = Dictionary(uniqueKeysWithValues: LayerCatalog.standard.types.map { ($0, Row()) })
    try countRecordings(&rows)
    try countBatches(&rows)
    for gradient in GradientCase.all { rows[gradient.type]?.gradients += 1 }
    let sources = try Self.sources()
    for type in rows.keys {
      rows[type]?.isNamed = sources.contains { $0.contains("\"\(type)\"") || $0.contains("'\(type)'") }
    }
    for (type, row) in rows.sorted(by: { $0.key < $1.key }) {
      #expect(row.cases > 0 || row.isNamed, "\(type) has no test")
      #expect(row.gradients > 0 || !Self.hasGradient(type), "\(type) has a backward pass and no check of its gradient")
      #expect(row.agreeing.allSatisfy { $0 == row.alone + row.inNets }, "\(type): recordings that do not agree")
    }
    let text = Self.text(rows)
    guard ProcessInfo.processInfo.environment[Self.variable] == nil else {
      return try write(Array(text.utf8), to: Self.path)
    }
    #expect(
      try String(contentsOfFile: Self.path, encoding: .utf8) == text,
      "LAYERS.md is out of date: run `\(Self.variable)=1 swift test -c release --filter LayerTableTests`")
  }

  /// Whether something flows back through a layer of this type.
  private static func hasGradient(_ type: String) -> Bool {
    guard let layer = LayerCatalog.standard[type] else { return false }
    let sinks = ["Silence", "HDF5Output", "Python"]
    return layer.traits.hasBackward && layer.arity.bottoms.upperBound > 0 && !sinks.contains(type)
  }

  private func countRecordings(_ rows: inout [String: Row]) throws {
    for recorded in RecordedCase.all {
      let recording = try Recording(contentsOf: recorded.recording)
      let isNet = recorded.name.hasPrefix("nets/")
      let types = try recording.list("layer_types", of: String.self) ?? [recording.text("type") ?? ""]
      let agrees = try Self.engines.map { try Self.agrees(recorded, $0.engine) }
      for type in Set(types) {
        if isNet { rows[type]?.inNets += 1 } else { rows[type]?.alone += 1 }
        for index in Self.engines.indices where agrees[index] { rows[type]?.agreeing[index] += 1 }
      }
    }
  }

  private static func agrees(_ recorded: RecordedCase, _ engine: (any Engine)?) throws -> Bool {
    var options = Verifier.Options()
    options.net = Net.Options(engine: engine)
    options.net.watched = .all
    options.building.environment.rootFolder = URL(fileURLWithPath: recorded.model).deletingLastPathComponent().path
    return try Verifier.verify(
      model: recorded.model, recording: recorded.recording, workers: Workers(count: 1), options: options
    ).agrees
  }

  /// Recorded batches of data layers, which other tests compare: one case for each phase.
  private func countBatches(_ rows: inout [String: Row]) throws {
    let folder = FixtureFolder.path("transform")
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".prototxt") {
      let net = try TextParser.parse(contentsOf: "\(folder)/\(name)", as: CaffeSchema.net).message
      if let layer = net.messages("layer").first { rows[layer.string("type")]?.batches += 2 }
    }
  }

  private static func sources() throws -> [String] {
    let tests = FixtureFolder.path("").split(separator: "/").dropLast(2).joined(separator: "/")
    let files = FileManager.default.enumerator(atPath: "/" + tests)?.compactMap { $0 as? String } ?? []
    return try files.filter { $0.hasSuffix(".swift") && !$0.hasSuffix("LayerTableTests.swift") }.map {
      try String(contentsOfFile: "/\(tests)/\($0)", encoding: .utf8)
    }
  }

  private static func text(_ rows: [String: Row]) -> String {
    var text = """
      # Layer types and their tests

      Written by `LayerTableTests` (`\(variable)=1 swift test -c release --filter LayerTableTests`), which fails if this file is out of date.

      - alone, in nets: recordings of real Caffe of the layer by itself, and of nets with it; auto, direct, reference: how many of them each engine reproduces, forward and backward, at 1e-5 + 1e-4 (gradients 1e-4 + 1e-3).
      - batches: recorded runs of data layers, bit for bit.
      - gradients: comparisons with finite differences, at shapes of 1, 3, 7 and 13.
      - Layers without any of these are checked by other tests, against values that were computed by hand or by plain loops.


      """
    for (title, types) in [
      ("Caffe", rows.keys.filter { caffe.contains($0) }), ("Caffe's forks", rows.keys.filter { !caffe.contains($0) }),
    ] {
      text += "## \(title): \(types.count) types\n\n"
      text += "| type | alone | in nets | \(engines.map(\.name).joined(separator: " | ")) | batches | gradients |\n"
      text += "|---|---:|---:|---:|---:|---:|---:|---:|\n"
      for type in types.sorted() {
        guard let row = rows[type] else { continue }
        let numbers = [row.alone, row.inNets] + row.agreeing + [row.batches, row.gradients]
        text += "| \(type) | " + numbers.map { $0 == 0 ? "" : "\($0)" }.joined(separator: " | ") + " |\n"
      }
      text += "\n"
    }
    return String(text.dropLast())
  }
}
