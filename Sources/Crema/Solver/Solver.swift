import Prototxt

/// Trains a net as a solver file says: the loop, its tests, its log lines and its snapshots are Caffe's.
public final class Solver {
  /// What a caller may ask of a running solver.
  public enum Action: Sendable {
    /// Finish the iteration, then end.
    case stop
    /// Write a snapshot, then go on.
    case snapshot
  }

  /// How far a run is.
  public struct Progress: Sendable {
    /// Updates done.
    public let iteration: Int
    /// `max_iter`.
    public let mostIterations: Int
    /// The loss of this iteration.
    public let lastLoss: Float
    /// The smoothed loss.
    public let loss: Float
    /// The learning rate of the last update.
    public let rate: Float
  }

  /// How a solver runs.
  public struct Options {
    /// The number of replicas: each takes a whole batch, and their gradients are averaged.
    public var replicas = 1
    /// Where data layers look for their sources.
    public var environment = InputEnvironment()
    /// How nets run.
    public var net = Net.Options()
    /// Unknown fields are warnings.
    public var permissive = false
    /// Takes Caffe's log lines.
    public var log = Log.silent
    /// Takes remarks on the files: everything that is a warning.
    public var warn: @Sendable (Diagnostic) -> Void = { _ in }
    /// Called after each update.
    public var report: (Progress) -> Void = { _ in }
    /// Called with the report of each file of weights that was loaded.
    public var loaded: (LoadReport) -> Void = { _ in }
    /// Asked after each update and before each test batch.
    public var requestedAction: () -> Action? = { nil }

    /// One replica, no log.
    public init() {}
  }

  /// The SolverParameter.
  public let definition: Message
  /// The net that is trained: that of the first replica.
  public var net: Net { replicas[0] }
  /// The nets that test it.
  public let testNets: [Net]
  /// Updates done.
  public internal(set) var iteration = 0
  /// The nets that are trained, of which the first is shown and saved.
  package let replicas: [Net]
  let updater: Updater
  let learningRate: LearningRate
  let options: Options
  let workers: Workers
  let snapshotPrefix: String
  var step = 0
  var stopsEarly = false
  var hasBegun = false
  var window: LossWindow
  /// Whether the lines of `debug_info` are shown: in the last update, and so in the pass behind it.
  var debugs = false
  /// The iteration at which the loss window began.
  var start = 0
  var log: Log { options.log }

  /// The histories of the update rule, in the order of Caffe's files.
  package var history: [Tensor] { updater.history }

  /// Builds all nets of a solver; nothing runs yet.
  ///
  /// - Throws: the first thing that is wrong with the solver, its nets, their sources or weights.
  public init(_ solver: SolverDefinition, workers: Workers, options: Options = Options()) throws(DiagnosticList) {
    (definition, self.workers, self.options) = (solver.message, workers, options)
    options.log.info("solver.cpp", 45, "Initializing solver from parameters: \n\(TextPrinter.print(solver.message))")
    solver.warnings.forEach(options.warn)
    if !solver.message.has("base_lr") {
      options.warn(
        Diagnostic(
          "base_lr is missing: the learning rate is 0, and nothing will be learned", at: solver.message.location,
          severity: .warning))
    }
    try listing { () throws(Diagnostic) in try Self.check(solver.message) }
    learningRate = try listing { () throws(Diagnostic) in try LearningRate(solver.message) }
    snapshotPrefix = try listing { () throws(Diagnostic) in try Self.checkedPrefix(solver.message) }
    window = LossWindow(length: solver.message.int("average_loss"))
    let builder = SolverNets(solver, workers: workers, options: options)
    let net = try builder.trainingNet()
    testNets = try builder.testNets()
    replicas = [net] + (try builder.replicas(of: net))
    updater = try listing { () throws(Diagnostic) in try Updater(solver.message, net) }
    updater.projectFirstValues()
    warnOfQuirks()
    options.log.info("solver.cpp", 57, "Solver scaffolding done.")
  }

  /// What several passes in one update do to gradients, as in Caffe.
  private func warnOfQuirks() {
    let passes = definition.int("iter_size")
    guard passes > 1 else { return }
    if definition.float("clip_gradients") >= 0 {
      options.warn(
        Diagnostic(
          "clip_gradients limits the sum of the \(passes) gradients of iter_size, not their mean (as in Caffe)",
          at: definition.location(of: "clip_gradients"), severity: .warning))
    }
    for node in net.graph.nodes where zip(node.plan.weights, node.learns).contains(where: { $0.replacesGradient && $1 })
    {
      options.warn(
        Graph.warning(
          in: node.definition,
          "with iter_size \(passes) it learns from the last pass only, because it replaces its gradient in each (as in Caffe)"
        ))
    }
  }

  private static func check(_ solver: Message) throws(Diagnostic) {
    guard solver.int("average_loss") >= 1 else {
      throw solver.error("average_loss", "average_loss must be at least 1, not \(solver.int("average_loss"))")
    }
    for field in ["max_iter", "display", "snapshot", "test_interval"] where solver.int(field) < 0 {
      throw solver.error(field, "\(field) must not be negative, and is \(solver.int(field))")
    }
    for (index, batches) in solver.ints("test_iter").enumerated() where batches < 0 {
      throw solver.error("test_iter", index: index, "test_iter must not be negative, and is \(batches)")
    }
  }

  /// Runs until `max_iter`, with tests and snapshots, as `caffe train` does.
  ///
  /// - Parameter state: a .solverstate to go on from.
  /// - Throws: what is wrong with a batch, a file that cannot be read or written.
  public func solve(from state: String? = nil) throws(Diagnostic) {
    log.info("solver.cpp", 289, "Solving \(net.graph.name)")
    log.info("solver.cpp", 290, "Learning Rate Policy: \(definition.string("lr_policy"))")
    if let state {
      log.info("solver.cpp", 294, "Restoring previous solver status from \(state)")
      try restore(from: state)
    }
    let last = definition.int("max_iter")
    if iteration >= last {
      options.warn(
        Diagnostic(
          "nothing to train: \(iteration) updates are done already, and max_iter is \(last)",
          at: definition.location(of: "max_iter"), severity: .warning))
    }
    try train(for: max(0, last - iteration))
    let (display, snapshot) = (definition.int("display"), definition.int("snapshot"))
    if definition.bool("snapshot_after_train"), snapshot == 0 || iteration % snapshot != 0 { try writeSnapshot() }
    if stopsEarly {
      log.info("solver.cpp", 322, "Optimization stopped early.")
      return
    }
    if display != 0, iteration % display == 0 {
      let debug = debugs ? DebugInfo(net, log) : nil
      let loss = try net.forward { debug?.forward($0) }
      window.add(loss, at: iteration - start)
      log.info("solver.cpp", 327, "Iteration \(iteration), loss = \(logNumber(window.mean))")
    }
    let interval = definition.int("test_interval")
    if interval != 0, iteration % interval == 0 { try test() }
    log.info("solver.cpp", 332, "Optimization Done.")
  }
}
