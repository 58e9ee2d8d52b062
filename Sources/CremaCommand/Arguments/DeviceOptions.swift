import ArgumentParser
import Prototxt

/// The requests for GPUs, which Crema answers with the CPU.
struct DeviceOptions: ParsableArguments {
  @Option(help: "Accepted for Caffe's sake: Crema computes on the CPU. Two ids (0,1) make two data-parallel replicas.")
  var gpu = ""

  mutating func validate() throws {
    let isList = gpu.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { UInt($0) != nil }
    guard gpu.isEmpty || gpu == "all" || isList else {
      throw ValidationError("--gpu takes ids separated by commas, such as 0,1, or 'all'; not '\(gpu)'")
    }
  }

  /// The number of data-parallel replicas: that of the GPUs asked for, and one for `all`.
  var replicas: Int { gpu.isEmpty || gpu == "all" ? 1 : gpu.split(separator: ",").count }

  /// Says that there is no GPU, if one is asked for here or in a file.
  func note(requestedBy file: SourceLocation? = nil, replicates: Bool = false) {
    guard !gpu.isEmpty || file != nil else { return }
    let more =
      replicates && replicas > 1 ? "; \(replicas) ids are \(replicas) replicas, whose gradients are averaged" : ""
    Console.standard.report(
      Diagnostic("Crema computes on the CPU, also where a GPU is asked for\(more)", at: file, severity: .note))
  }
}
