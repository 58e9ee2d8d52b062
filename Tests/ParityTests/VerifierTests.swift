import Crema
import Foundation
import TestSupport
import Testing

/// A recording of the fixtures with its net.
struct RecordedCase: CustomTestStringConvertible, Sendable {
  let name: String
  var testDescription: String { name }
  var model: String { RecordedCase.folder + "/" + name + ".prototxt" }
  var recording: String { RecordedCase.folder + "/" + name + ".h5" }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
    .path

  static let all: [RecordedCase] = ["layers", "nets"].flatMap { group in
    (FileManager.default.enumerator(atPath: "\(folder)/\(group)")?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix(".h5") }.map { RecordedCase(name: "\(group)/\($0.dropLast(3))") }
  }.sorted { $0.name < $1.name }

  /// The layer types of the recording that Crema does not have.
  func missingTypes() throws -> [String] {
    let recording = try Recording(contentsOf: recording)
    let types = try recording.list("layer_types", of: String.self) ?? [recording.text("type") ?? ""]
    return Set(types).filter { LayerCatalog.standard[$0] == nil }.sorted()
  }

  /// Ends the test of a case with layers that do not exist, and says which.
  func skipIfIncomplete() throws {
    let missing = try missingTypes()
    guard !missing.isEmpty else { return }
    let reason = "\(name) is skipped: there is no layer type \(missing.joined(separator: ", "))"
    print(reason)
    try Test.cancel("\(reason)")
  }
}

@Suite struct VerifierTests {
  @Test func thereAreCases() { #expect(RecordedCase.all.count > 250) }

  @Test(arguments: RecordedCase.all)
  func layersAgreeWithCaffe(_ recorded: RecordedCase) throws {
    try recorded.skipIfIncomplete()
    var options = Verifier.Options()
    options.building.environment.rootFolder = URL(fileURLWithPath: recorded.model).deletingLastPathComponent().path
    try expectAgreement(recorded, options)
  }

  /// The engines, and the fastest one without each of its passes.
  static let engines: [(name: String, options: Net.Options)] =
    [
      ("auto", Net.Options(engine: FastEngine())), ("direct", Net.Options(engine: FastEngine(usesWinograd: false))),
      ("chain", Net.Options(engine: ChainEngine(usesWinograd: false))),
    ]
    + Net.Options.passes.map { pass in
      var options = Net.Options(engine: FastEngine())
      options.disabledPasses = [pass]
      return ("auto without \(pass)", options)
    }

  @Test(arguments: RecordedCase.all.filter { $0.name.hasPrefix("nets/") }, VerifierTests.engines.map(\.name))
  func enginesAgreeWithCaffe(_ recorded: RecordedCase, engine: String) throws {
    try recorded.skipIfIncomplete()
    var options = Verifier.Options()
    options.net = try #require(VerifierTests.engines.first { $0.name == engine }).options
    try expectAgreement(recorded, options)
    options.net.watched = .all
    try expectAgreement(recorded, options)
  }

  private func expectAgreement(_ recorded: RecordedCase, _ options: Verifier.Options) throws {
    let report = try Verifier.verify(
      model: recorded.model, recording: recorded.recording, workers: Workers(count: 2), options: options)
    #expect(!report.comparisons.isEmpty || recorded.name.hasPrefix("layers/Silence/"))
    for comparison in report.comparisons where !comparison.agrees {
      let first = comparison.firstWrong.map { "number \($0.index) is \($0.found), not \($0.expected)" }
      Issue.record(
        "\(recorded.name): \(comparison.path) \(comparison.shape): \(comparison.problem ?? first ?? ""), \(comparison.wrongCount) wrong"
      )
    }
  }
}
