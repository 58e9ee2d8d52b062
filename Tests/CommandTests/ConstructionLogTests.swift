import Foundation
import TestSupport
import Testing

/// The log of a run against Caffe's: every line until training starts, with Caffe's file and line, word for word.
@Suite struct ConstructionLogTests {
  @Test func isCaffesWordForWord() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let folder = scratch.path + "/training"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in ["sgd", "train_lmdb", "test_lmdb"] {
      try FileManager.default.copyItem(atPath: FixtureFolder.path("training/\(name)"), toPath: "\(folder)/\(name)")
    }
    let outcome = try Program.run(["train", "-solver", "sgd/solver.prototxt"], in: folder)
    #expect(outcome.code == 0)
    let theirs = construction(try String(contentsOfFile: "\(folder)/sgd/log.txt", encoding: .utf8))
    let ours = construction(outcome.errors)
    #expect(theirs.count > 400)
    for (line, (own, other)) in zip(ours, theirs).enumerated() { #expect(own == other, "line \(line + 1)") }
    #expect(ours.count == theirs.count)
  }

  /// The lines until training starts: file, line and message, without the moments when data was restarted or waited for.
  private func construction(_ log: String) -> [String] {
    let lines = log.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      String(line.replacing(#/^[IWE]\d+ [\d:.]+ +\d+ /#, with: ""))
    }
    let end = lines.firstIndex { $0.hasSuffix("Starting Optimization") } ?? lines.endIndex
    return lines[..<end].filter { !$0.contains("Restarting data") && !$0.contains("Waiting for data") }
  }
}
