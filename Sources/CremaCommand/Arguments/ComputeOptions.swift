import ArgumentParser
import Crema
import Prototxt

/// How a verb computes and what it prints.
struct ComputeOptions: ParsableArguments {
  @OptionGroup var threading: ThreadOptions

  @Option(
    name: .customLong("engine"),
    help:
      "What computes: auto for the fastest code, direct for the same without Winograd's transformation, reference for the layers' own code."
  )
  var chosenEngine: EngineChoice?

  @Option(
    name: .customLong("disable-pass"),
    help: ArgumentHelp(
      "Leave out a pass that fuses layers or shares memory; may be given several times.",
      discussion: "Known are \(Net.Options.passes.joined(separator: ", ")).", valueName: "name"))
  var disabledPasses: [String] = []

  @Flag(help: "Leave out the lines about the construction of nets.")
  var quiet = false

  mutating func validate() throws {
    for pass in disabledPasses where !Net.Options.passes.contains(pass) {
      throw ValidationError(
        "--disable-pass takes \(Net.Options.passes.joined(separator: ", ")); not '\(pass)'")
    }
  }

  /// The engine that was asked for, or the fastest one.
  var engine: EngineChoice { chosenEngine ?? .auto }

  /// How nets run.
  var netOptions: Net.Options { options(engine) }

  /// How nets run with an engine.
  func options(_ engine: EngineChoice) -> Net.Options {
    var options = engine.options
    options.disabledPasses = Set(disabledPasses)
    return options
  }

  /// Starts the log and the threads.
  func start() throws(Diagnostic) -> Workers {
    if quiet { Console.standard.hideConstruction() }
    return Workers(count: try threading.count())
  }
}

/// What may compute a net.
enum EngineChoice: String, ExpressibleByArgument, CaseIterable {
  case auto
  case direct
  case reference

  /// The options of nets that compute so.
  var options: Net.Options {
    switch self {
    case .auto: Net.Options(engine: FastEngine())
    case .direct: Net.Options(engine: FastEngine(usesWinograd: false))
    case .reference: Net.Options()
    }
  }
}
