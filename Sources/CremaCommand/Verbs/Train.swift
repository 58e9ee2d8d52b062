import ArgumentParser
import Crema
import Prototxt

/// Trains a net as a solver file says.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train or finetune a model.",
    discussion: "SIGINT and SIGHUP stop the run or write a snapshot, as --sigint-effect and --sighup-effect say.")

  @Option(help: "The solver definition (prototxt).")
  var solver: String?

  @Option(help: "The solver state (.solverstate or .solverstate.h5) to resume from.")
  var snapshot: String?

  @Option(help: "Trained weights to start from; several files are separated by commas.")
  var weights: String?

  @Option(help: "What SIGINT (Ctrl-C) does: stop, snapshot or none.")
  var sigintEffect = "stop"

  @Option(help: "What SIGHUP does: snapshot, stop or none.")
  var sighupEffect = "snapshot"

  @OptionGroup var model: ModelOptions
  @OptionGroup var devices: DeviceOptions
  @OptionGroup var compute: ComputeOptions

  func run() throws {
    guard let path = solver else { throw Diagnostic("Need a solver definition to train. Give it with --solver FILE") }
    guard snapshot == nil || weights == nil else {
      throw Diagnostic("Give a snapshot to resume training or weights to finetune but not both.")
    }
    let console = Console.standard, log = console.log
    let onInterrupt = try action(sigintEffect), onHangUp = try action(sighupEffect)
    let workers = try compute.start()
    var definition = try SolverDefinition(contentsOf: path, permissive: model.permissive, log: log)
    prepare(&definition)
    log.info("caffe.cpp", 197, "Use CPU.")
    let signals = Signals(onInterrupt: onInterrupt, onHangUp: onHangUp)
    let solver = try Solver(definition, workers: workers, options: options(signals))
    if let snapshot {
      log.info("caffe.cpp", 235, "Resuming from \(snapshot)")
      try solver.restore(from: snapshot)
    }
    console.showEverything()
    log.info("caffe.cpp", 239, "Starting Optimization")
    try solver.solve()
    console.endLive()
    log.info("caffe.cpp", 250, "Optimization Done.")
  }

  /// Writes the flags into the definition, as Caffe does: level and stages always, even where they are not given.
  private func prepare(_ definition: inout SolverDefinition) {
    var state = definition.message.message("train_state")
    state.set("level", model.level)
    for stage in model.stages { state.append("stage", stage) }
    definition.message.set("train_state", state)
    if snapshot != nil || weights != nil { definition.message.remove("weights") }
    if let weights { definition.message.append("weights", weights) }
    let wantsGPU = definition.message.has("solver_mode") && definition.message.enumeration("solver_mode") == "GPU"
    devices.note(
      requestedBy: wantsGPU ? definition.message.location(of: "solver_mode") : nil, replicates: true)
  }

  private func options(_ signals: Signals) -> Solver.Options {
    let console = Console.standard
    var options = Solver.Options()
    options.replicas = devices.replicas
    options.environment = model.environment
    options.net = compute.netOptions
    options.permissive = model.permissive
    options.log = console.log
    options.warn = { console.report($0) }
    var line = ProgressLine()
    options.report = { progress in console.live(line.text(progress)) }
    options.loaded = { console.tell($0.text(all: false) + "\n") }
    options.requestedAction = { signals.take() }
    return options
  }

  private func action(_ effect: String) throws(Diagnostic) -> Solver.Action? {
    switch effect {
    case "stop": return .stop
    case "snapshot": return .snapshot
    case "none": return nil
    default:
      throw Diagnostic(
        "Invalid signal effect \"\(effect)\" was specified; give stop, snapshot or none",
        suggestion: effect.nearest(in: ["stop", "snapshot", "none"]))
    }
  }
}
