import Crema
import Evaluation
import Foundation
import Prototxt

/// Does what an experiment still lacks, and makes its table.
final class ExperimentWork {
  private let experiment: Experiment
  private let folder: ExperimentFolder
  private let workers: Workers
  private let netOptions: Net.Options
  private let computation: String
  private let retrains: Bool
  private var counts: [String: Int] = [:]
  /// How the losses of all runs went.
  private(set) var curves = ExperimentCurves()

  /// - Parameter computation: what of the computation changes bits: the engine and the passes that are left out.
  init(
    _ experiment: Experiment, in folder: ExperimentFolder, workers: Workers, netOptions: Net.Options,
    computation: String, retrains: Bool
  ) {
    (self.experiment, self.folder, self.workers) = (experiment, folder, workers)
    (self.netOptions, self.computation, self.retrains) = (netOptions, computation, retrains)
  }

  /// Trains and tests all that is missing.
  ///
  /// - Returns: the table.
  func complete() throws -> ExperimentTable {
    let nets = try experiment.networks.map { try ExperimentNet($0, classes: experiment.classes) }
    try makeDatabases()
    let training = experiment.dataSets.filter { $0.train != nil }
    let tests = experiment.dataSets.filter { $0.test != nil }
    var rows: [ExperimentTable.Row] = []
    for (network, net) in zip(experiment.networks, nets) {
      var own: [String: ExperimentTable.Cell] = [:]
      for dataSet in training {
        let targets = experiment.isCrossTest ? tests : [dataSet]
        let cells = try cells(network, net, dataSet, targets)
        if experiment.isCrossTest {
          rows.append(ExperimentTable.Row(network: network.name, trainedOn: dataSet.name, cells: cells))
        } else {
          own[dataSet.name] = cells[0]
        }
      }
      if !experiment.isCrossTest {
        let cells = training.map { own[$0.name] }
        rows.append(ExperimentTable.Row(network: network.name, trainedOn: nil, cells: cells))
      }
    }
    var table = ExperimentTable(
      name: experiment.name, seeds: experiment.seeds,
      testedOn: (experiment.isCrossTest ? tests : training).map(\.name), reference: experiment.reference, rows: rows)
    table.compare()
    return table
  }

  private func makeDatabases() throws {
    for dataSet in experiment.dataSets {
      for case .generated(let images)? in [dataSet.train, dataSet.test] {
        try images.make(at: folder.database(images), on: workers) { done in
          Console.standard.live("\(images.folderName): \(done)/\(images.count) images")
        }
      }
      for case .database(let path)? in [dataSet.train, dataSet.test] where !FileManager.default.fileExists(atPath: path)
      {
        throw Diagnostic(
          "dataset '\(dataSet.name)': the database '\(path)' does not exist; run from the folder that the paths of the file start in",
          at: dataSet.location)
      }
    }
  }

  /// The scores of a network that was trained on a dataset, with all seeds, on some test sets.
  private func cells(
    _ network: Experiment.Network, _ net: ExperimentNet, _ dataSet: Experiment.DataSet,
    _ targets: [Experiment.DataSet]
  ) throws -> [ExperimentTable.Cell] {
    var outcomes: [[ExperimentTable.Outcome]] = targets.map { _ in [] }
    for seed in experiment.seeds {
      let run = try train(network, net, dataSet, seed: seed), divergence = run.divergence
      curves.add(LossRecord(contentsOf: run.losses), network: network.name, dataSet: dataSet.name)
      if let divergence {
        Console.standard.tell("\(run.name): diverged at update \(divergence); it counts in no mean\n")
      }
      for (index, target) in targets.enumerated() {
        outcomes[index].append(
          try divergence.map { .diverged(at: $0) } ?? .tested(try score(run, net, target).matrix))
      }
    }
    return outcomes.map(ExperimentTable.Cell.init)
  }

  private func train(
    _ network: Experiment.Network, _ net: ExperimentNet, _ dataSet: Experiment.DataSet, seed: Int
  ) throws -> TrainingRun {
    let console = Console.standard, start = ContinuousClock.now
    let database = folder.database(dataSet.train ?? .database(""))
    let place = folder.run(network: network.name, dataSet: dataSet.name, seed: seed)
    let run = TrainingRun(
      name: "\(network.name), \(dataSet.name), seed \(seed)", folder: place,
      solver: try net.solver(on: database, seed: seed, folder: place), snapshot: experiment.snapshot,
      settle: experiment.settle, seed: seed, netOptions: netOptions, workers: workers)
    let description = folder.withoutPath(run.description(["\(try count(database)) images", computation]))
    let wasMissing = try run.complete(
      description, retrains: retrains, progress: { text in console.live(text) }, warn: { console.report($0) })
    console.endLive()
    if wasMissing {
      let seconds = Int(((ContinuousClock.now - start) / .seconds(1)).rounded())
      console.tell("\(run.name): \(run.divergence ?? network.iterations) updates, \(seconds) s\n")
    }
    return run
  }

  private func score(_ run: TrainingRun, _ net: ExperimentNet, _ target: Experiment.DataSet) throws -> ExperimentScore {
    let source = target.test ?? .database(""), database = folder.database(source), name = folder.name(of: source)
    let images = try count(database)
    let file = "\(run.folder)/test-\(ExperimentFolder.fileName(target.name)).json"
    if let known = ExperimentScore.read(file, database: name, images: images) { return known }
    let score = try ExperimentScore.measure(
      net.net, weights: run.trained, database: database, name: name, netOptions: netOptions, workers: workers
    ) { done in Console.standard.live("\(run.name) on \(target.name)  \(done)/\(images)") }
    Console.standard.endLive()
    try score.write(to: file)
    return score
  }

  /// The number of records of a database.
  private func count(_ database: String) throws -> Int {
    if let known = counts[database] { return known }
    let count = try DatabaseKeys.count(of: database)
    counts[database] = count
    return count
  }
}
