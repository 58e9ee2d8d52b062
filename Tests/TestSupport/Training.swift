import Crema
import Foundation
import Prototxt
import Synchronization

/// A training run of a solver file in the folder of recordings, whose snapshots go to a folder of its own.
package struct Training {
  package let solver: Solver
  package let folder: String
  /// The loss of each iteration.
  package var losses: [Float] { record.losses.withLock { $0 } }
  /// The messages of the log, in order.
  package var messages: [String] { record.messages.withLock { $0 } }
  private let record: Record

  private final class Record: Sendable {
    let losses = Mutex([Float]())
    let afterFirst = Mutex([[Float]]())
    let afterLast = Mutex([[Float]]())
    let messages = Mutex([String]())
  }

  /// Weights after the first update: by parameter of the net, in order.
  package var afterFirst: [[Float]] { record.afterFirst.withLock { $0 } }

  /// Weights after the last update, before the forward pass that follows it: by parameter of the net, in order.
  package var afterLast: [[Float]] { record.afterLast.withLock { $0 } }

  /// Builds the solver.
  ///
  /// - Parameters:
  ///   - file: the solver's path below the folder of recordings.
  ///   - root: the folder below the recordings that its paths start in.
  package init(
    _ file: String, root: String, threads: Int = 2, engine: (any Engine)? = nil, replicas: Int = 1,
    change: (inout Message) -> Void = { _ in }
  ) throws {
    let record = Record()
    folder = NSTemporaryDirectory() + "crema-training-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var definition = try SolverDefinition(contentsOf: FixtureFolder.path(file))
    definition.message.set("snapshot_prefix", folder + "/snap")
    change(&definition.message)
    var options = Solver.Options()
    options.environment.rootFolder = FixtureFolder.path(root)
    options.replicas = replicas
    options.net = Net.Options(engine: engine)
    options.log = Log { entry in record.messages.withLock { $0.append(entry.message) } }
    let cell = Cell()
    options.report = { progress in
      record.losses.withLock { $0.append(progress.lastLoss) }
      guard let solver = cell.solver else { return }
      let weights = Training.weights(solver.net)
      if progress.iteration == 1 { record.afterFirst.withLock { $0 = weights } }
      if progress.iteration == progress.mostIterations { record.afterLast.withLock { $0 = weights } }
    }
    solver = try Solver(definition, workers: Workers(count: threads), options: options)
    cell.solver = solver
    self.record = record
  }

  private final class Cell { weak var solver: Solver? }

  /// All weights of a net, by node and then by index, shared ones each time.
  package static func weights(_ net: Net) -> [[Float]] {
    net.graph.nodes.flatMap { net.weights(of: $0.name) ?? [] }.map(\.data.values)
  }

  /// The bytes of a file of the run.
  package func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
  }

  /// Removes the run's folder.
  package func clean() { try? FileManager.default.removeItem(atPath: folder) }
}
