import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// Compares with the texts that Caffe's upgrade tools wrote, and with their messages.
@Suite struct UpgradeTests {
  struct Run: Decodable, CustomTestStringConvertible, Sendable {
    struct Line: Decodable, Sendable { let severity: String, source: String, text: String }
    let name: String
    let exit_code: Int
    let wrote_output: Bool
    let messages: [Line]
    var testDescription: String { name }
    var isSolver: Bool { name.hasPrefix("solver") }
    /// The lines of the upgrade itself; a fatal one is a diagnostic here.
    var lines: [String] {
      messages.filter { $0.source.hasPrefix("upgrade_proto") && $0.severity != "F" }
        .map { "\($0.severity) \($0.source) \($0.text)" }
    }
  }

  static let runs: [Run] = {
    struct File: Decodable { let runs: [Run] }
    let data = FileManager.default.contents(atPath: FixtureFolder.path("files/upgrade/runs.json"))
    return data.flatMap { try? JSONDecoder().decode(File.self, from: $0).runs } ?? []
  }()

  private func upgrade(_ run: Run, _ log: Log) throws -> Upgrade.Result {
    let text = try String(contentsOfFile: FixtureFolder.path("files/upgrade/\(run.name).prototxt"), encoding: .utf8)
    let name = "\(run.name).prototxt"
    let type = run.isSolver ? CaffeSchema.solver : CaffeSchema.net
    let message = try TextParser.parse(SourceText(name: name, text), as: type).message
    return run.isSolver
      ? try Upgrade.upgrading(solver: message, file: name, log: log)
      : try Upgrade.upgrading(net: message, file: name, log: log)
  }

  @Test func thereAreRuns() { #expect(UpgradeTests.runs.count == 24) }

  @Test(arguments: runs) func agreesWithCaffe(_ run: Run) throws {
    let collector = LogCollector()
    guard run.wrote_output else {
      let error = #expect(throws: Diagnostic.self) { try upgrade(run, collector.log) }
      #expect(error?.location != nil)
      return
    }
    let result = try upgrade(run, collector.log)
    let wanted = try String(
      contentsOfFile: FixtureFolder.path("files/upgrade/\(run.name).upgraded.prototxt"), encoding: .utf8)
    #expect(TextPrinter.print(result.message) == wanted)
    #expect(collector.lines == run.lines)
    #expect(result.hasProblems == (run.exit_code != 0))
    #expect(result.isChanged == !run.lines.isEmpty)
  }

  private func message(_ text: String) throws -> Message {
    try TextParser.parse(SourceText(name: "n.prototxt", text), as: CaffeSchema.net).message
  }

  @Test func fieldsPointToTheirOldPlaces() throws {
    let old = try message(
      """
      input: "data"
      input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8
      layers {
        layer { name: "c" type: "conv" num_output: 4
          kernelsize: 3 blobs_lr: 2 }
        bottom: "data" top: "c"
      }
      """)
    let net = try Upgrade.net(old, file: "n.prototxt")
    let layers = net.messages("layer")
    let convolution = try #require(layers.last)
    #expect(convolution.location?.line == 3)
    #expect(convolution.location(of: "type")?.line == 4)
    #expect(convolution.message("convolution_param").location(of: "kernel_size")?.line == 5)
    #expect(convolution.messages("param").first?.location(of: "lr_mult")?.column == 29)
    #expect(layers.first?.location(of: "top")?.line == 1)
    #expect(layers.first?.message("input_param").messages("shape").first?.location(of: "dim", index: 2)?.column == 38)
  }

  @Test func paddingBecomesPad() throws {
    let text = """
      input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8
      layers { layer { name: "p" type: "padding" pad: 2 } bottom: "data" top: "p" }
      layers { layer { name: "c" type: "READER" num_output: 4 kernelsize: 3 } bottom: "p" top: "c" }
      """
    let net = try Upgrade.net(message(text.replacingOccurrences(of: "READER", with: "conv")), file: "n")
    let layers = net.messages("layer")
    #expect(layers.map { $0.string("name") } == ["input", "c"])
    #expect(layers[1].message("convolution_param").ints("pad") == [2])
    #expect(layers[1].strings("bottom") == ["data"])
    let wrong = try message(text.replacingOccurrences(of: "READER", with: "innerproduct"))
    let error = #expect(throws: Diagnostic.self) { try Upgrade.net(wrong, file: "n") }
    #expect(error?.message.contains("can only be read by conv or pool, not by innerproduct") == true)
  }

  @Test(
    arguments: [
      ("net_input_dims_three", "so needs 4 `input_dim`", 3), ("net_layer_and_layers", "both 'layer' and 'layers'", nil),
    ] as [(String, String, Int?)])
  func refuses(_ name: String, _ words: String, _ line: Int?) throws {
    let path = FixtureFolder.path("bad/\(name)/net.prototxt")
    let error = #expect(throws: DiagnosticList.self) { try NetDefinition(contentsOf: path) }
    #expect(error?.first.message.contains(words) == true)
    if let line { #expect(error?.first.location?.line == line) } else { #expect(error?.first.notes.count == 1) }
  }

  @Test func refusesASolverWithBothTypes() throws {
    let path = FixtureFolder.path("bad/solver_both_types/solver.prototxt")
    let error = #expect(throws: DiagnosticList.self) { try SolverDefinition(contentsOf: path) }
    #expect(error?.first.message.contains("both 'solver_type'") == true)
    #expect(error?.first.notes.first?.location != nil)
  }
}
