import ArgumentParser
import Crema
import Prototxt

/// Which net a file means, and where its data lies.
struct ModelOptions: ParsableArguments {
  @Option(help: "The level of the net's state.")
  var level = 0

  @Option(help: "The stages of the net's state, separated by commas.")
  var stage = ""

  @Option(help: "The folder from which the files of data layers are found; else the current one.")
  var root: String?

  @Flag(help: "Take unknown fields in files as warnings, not as errors.")
  var permissive = false

  /// The stages; without the flag there is one empty stage, as in Caffe.
  var stages: [String] { stage.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }

  /// Where data layers look for their sources.
  var environment: InputEnvironment {
    var environment = InputEnvironment()
    environment.rootFolder = root
    environment.note = { Console.standard.report(Diagnostic($0, severity: .note)) }
    environment.warn = { Console.standard.report(Diagnostic($0, severity: .warning)) }
    return environment
  }

  /// The state of a net that a verb builds: its own, then the phase, the level and the stages.
  func state(of net: Message, phase: Phase) -> Message {
    var state = net.message("state")
    state.set("phase", phase.rawValue)
    state.set("level", level)
    for stage in stages { state.append("stage", stage) }
    return state
  }
}
