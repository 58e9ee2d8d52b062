import ArgumentParser
import Crema
import Foundation
import Prototxt

/// How a verb computes and what it prints.
struct ComputeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The number of threads; results do not depend on it.",
      discussion: "Without it CREMA_THREADS counts, and else the number of processors."))
  var threads: Int?

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
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads)") }
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
    return Workers(count: try threadCount())
  }

  private func threadCount() throws(Diagnostic) -> Int {
    if let threads { return threads }
    guard let text = System.environment("CREMA_THREADS") else { return ProcessInfo.processInfo.activeProcessorCount }
    guard let count = Int(text), count > 0 else {
      throw Diagnostic("the environment variable CREMA_THREADS must be a whole number of at least 1, not '\(text)'")
    }
    return count
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
