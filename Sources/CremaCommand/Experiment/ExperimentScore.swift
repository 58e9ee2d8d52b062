import Crema
import Evaluation
import Foundation
import Prototxt

/// What a run scored on the images of a dataset, as it is kept beside the run's weights.
struct ExperimentScore: Codable, Equatable {
  /// The database, and how many records it has.
  let database: String
  let images: Int
  let matrix: ConfusionMatrix

  /// The score in a file, if it is that of this database.
  static func read(_ path: String, database: String, images: Int) -> ExperimentScore? {
    guard let data = FileManager.default.contents(atPath: path),
      let score = try? JSONDecoder().decode(ExperimentScore.self, from: data), score.database == database,
      score.images == images, score.matrix.total == images
    else { return nil }
    return score
  }

  /// Scores weights on a database, which is kept under a name.
  ///
  /// - Throws: what is wrong with the weights or the database.
  static func measure(
    _ net: NetDefinition, weights: String, database: String, name: String, netOptions: Net.Options, workers: Workers,
    progress: (Int) -> Void
  ) throws -> ExperimentScore {
    var options = Evaluator.Options()
    options.net = netOptions
    let evaluator = try Evaluator(net, on: TestSet(source: database), workers: workers, options: options)
    _ = try WeightsFile.load(weights, into: evaluator.net, log: .silent, requiresEveryLayer: true)
    let predictions = try evaluator.run(progress: progress)
    let evaluation = Evaluation(classes: (0..<evaluator.classes).map(String.init), predictions: predictions)
    return ExperimentScore(database: name, images: evaluator.images, matrix: evaluation.matrix)
  }

  /// Writes the score.
  func write(to path: String) throws {
    try OutputFile.write(try Self.json(self), to: path)
  }

  /// A value as JSON with sorted keys.
  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }
}
