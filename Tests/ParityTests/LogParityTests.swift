import Crema
import Foundation
import TestSupport
import Testing

/// The log of training runs against what `caffe train` printed, but for its first and last line, which are not the solver's:
/// the same lines in the same order, numbers within rounding. That data sources begin anew is said at any moment.
@Suite struct LogParityTests {
  /// Numbers in a line may differ by this share of Caffe's, and by `floor`. Rules that divide by the root of a squared gradient blow
  /// rounding errors up in the running mean of BatchNorm, which the losses of the test phase depend on.
  static func share(_ run: String, _ line: String) -> Double {
    TrainingParityTests.dividing.contains(run) && line.hasPrefix("    Test net output") ? 0.1 : 2e-3
  }
  static let floor = 2e-4

  private struct Recorded: Decodable { let messages: [String] }

  @Test(arguments: TrainingParityTests.runs + ["debug_info"])
  func printsWhatCaffePrints(_ run: String) throws {
    let training = try Training("training/\(run)/solver.prototxt", root: "training")
    defer { training.clean() }
    try training.solver.solve()
    let file = URL(fileURLWithPath: FixtureFolder.path("training/\(run)/result.json"))
    let recorded = try JSONDecoder().decode(Recorded.self, from: Foundation.Data(contentsOf: file)).messages
    let expected = recorded.dropFirst().dropLast()
    let start = try #require(training.messages.firstIndex { $0.hasPrefix("Solving ") }, "\(run): no line 'Solving'")
    let found = training.messages[start...].filter { !$0.hasPrefix("Restarting data prefetching") }.map {
      $0.replacing("\(training.folder)/", with: "\(run)/")
    }
    #expect(found.count == expected.count, "\(run): \(found.count) lines, Caffe has \(expected.count)")
    let different = zip(found, expected).first { !linesAgree($0, $1, share: Self.share(run, $1), floor: Self.floor) }
    #expect(different == nil, "\(run): the first line that differs from Caffe's")
  }
}
