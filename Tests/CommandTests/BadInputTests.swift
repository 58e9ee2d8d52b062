import Foundation
import TestSupport
import Testing

/// Inputs that are wrong in one way each, run as a user runs them. Caffe aborts or crashes on most of them.
struct BadCase: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let command: [String]
  var testDescription: String { name }

  private enum CodingKeys: String, CodingKey { case name = "case", command }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    name = try values.decode(String.self, forKey: .name)
    if let words = try? values.decode([String].self, forKey: .command) {
      command = words
    } else {
      command = try values.decode(String.self, forKey: .command).split(separator: " ").map(String.init)
    }
  }

  private struct File: Decodable { let cases: [BadCase] }

  /// The cases of verbs and layer types that exist.
  static let all: [BadCase] = {
    guard let data = FileManager.default.contents(atPath: FixtureFolder.path("bad/cases.json")),
      let file = try? JSONDecoder().decode(File.self, from: data)
    else { return [] }
    return file.cases.filter { ["caffe", "convert_imageset"].contains($0.command[0]) && $0.folder != nil }
  }()

  /// The folder of its files.
  var folder: String? {
    let path = FixtureFolder.path("bad/\(name)")
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }
}

@Suite struct BadInputTests {
  /// Where Caffe goes on with a defined result, Crema gives the same result, and a warning.
  static let accepted: Set<String> = [
    "net_layer_name_twice", "net_pool_kernel_a_little_larger", "solver_no_loss", "solver_no_base_lr",
    "state_past_the_end",
  ]
  /// What Caffe cannot do and Crema can.
  static let working: Set<String> = ["solver_gpu", "weights_hdf5_slash_in_layer_name"]
  /// Written around by the test, or reported as more than one line.
  static let special: Set<String> = ["convert_image_missing", "convert_database_exists"]

  @Test func thereAreCases() { #expect(BadCase.all.count > 70) }

  @Test(arguments: BadCase.all.filter { !special.contains($0.name) })
  func isOneClearErrorOrWorks(_ bad: BadCase) throws {
    let outcome = try run(bad)
    let errors = outcome.lines.filter { $0.contains("error: ") },
      warnings = outcome.lines.filter { $0.contains("warning: ") }
    if Self.working.contains(bad.name) || Self.accepted.contains(bad.name) {
      #expect(outcome.code == 0, "\(outcome.errors.suffix(600))")
      #expect(errors.isEmpty)
      #expect(warnings.count == (Self.accepted.contains(bad.name) ? 1 : 0), "\(warnings)")
    } else {
      #expect(outcome.code == 1, "\(outcome.errors.suffix(600))")
      #expect(errors.count == 1, "\(errors)")
    }
  }

  private func run(_ bad: BadCase) throws -> Program.Outcome {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let copy = scratch.path + "/case"
    try FileManager.default.copyItem(atPath: try #require(bad.folder), toPath: copy)
    let words =
      bad.command[0] == "caffe" ? Array(bad.command.dropFirst()) : ["convert-imageset"] + bad.command.dropFirst()
    return try Program.run(words, in: copy)
  }
}
