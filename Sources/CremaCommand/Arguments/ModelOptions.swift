import ArgumentParser
import Crema
import Prototxt

/// Which net a file means, where its data lies, and the requests for GPUs.
struct ModelOptions: ParsableArguments {
  @Option(help: "The level of the net's state.")
  var level = 0

  @Option(help: "The stages of the net's state, separated by commas.")
  var stage = ""

  @Option(help: "Accepted for Caffe's sake: Crema computes on the CPU. Two ids (0,1) make two data-parallel replicas.")
  var gpu = ""

  @Option(help: "The folder from which the files of data layers are found; else the current one.")
  var root: String?

  @Flag(help: "Take unknown fields in files as warnings, not as errors.")
  var permissive = false

  mutating func validate() throws {
    let isList = gpu.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { UInt($0) != nil }
    guard gpu.isEmpty || gpu == "all" || isList else {
      throw ValidationError("--gpu takes ids separated by commas, such as 0,1, or 'all'; not '\(gpu)'")
    }
  }

  /// The stages; without the flag there is one empty stage, as in Caffe.
  var stages: [String] { stage.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }

  /// The number of data-parallel replicas: that of the GPUs asked for, and one for `all`.
  var replicas: Int { gpu.isEmpty || gpu == "all" ? 1 : gpu.split(separator: ",").count }

  /// Where data layers look for their sources.
  var environment: InputEnvironment {
    var environment = InputEnvironment()
    environment.rootFolder = root
    environment.note = { Console.standard.report(Diagnostic($0, severity: .note)) }
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

  /// Says that there is no GPU, if one is asked for.
  func noteGPU(requestedBy file: SourceLocation? = nil) {
    guard !gpu.isEmpty || file != nil else { return }
    let more = replicas > 1 ? "; \(replicas) ids are \(replicas) replicas, whose gradients are averaged" : ""
    Console.standard.report(
      Diagnostic("Crema computes on the CPU, also where a GPU is asked for\(more)", at: file, severity: .note))
  }
}
