import ArgumentParser
import Crema
import Foundation

/// Tells what computes.
struct DeviceQueryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device_query", abstract: "Show the processor, its instruction sets and the kernels in use.")

  @OptionGroup var devices: DeviceOptions

  func run() {
    let processor = Processor.current
    let lines = [
      ("Device", processor.name), ("Architecture", processor.architecture),
      ("Processors", "\(ProcessInfo.processInfo.activeProcessorCount) of \(ProcessInfo.processInfo.processorCount)"),
      ("Instruction sets", processor.instructionSets.joined(separator: " ")),
      ("Kernels", Machine.instructionSet), ("BLAS kernels", "OpenBLAS \(Machine.blasKernels)"),
      ("Memory", "\(ProcessInfo.processInfo.physicalMemory >> 20) MiB"),
    ]
    let width = lines.map(\.0.count).max() ?? 0
    for (name, value) in lines where !value.isEmpty {
      Console.standard.show("\(name):".padding(toLength: width + 2, withPad: " ", startingAt: 0) + value + "\n")
    }
  }
}

/// The processor, as the kernel describes it.
struct Processor {
  let name: String
  let architecture: String
  let instructionSets: [String]

  private static let interesting = [
    "sse2", "sse4_2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512_vnni",
    "avx512_bf16", "amx_tile", "neon", "asimd", "sve", "sve2",
  ]

  static var current: Processor {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let fields = text.split(separator: "\n").prefix { !$0.isEmpty }.map {
      $0.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let value = { (names: Set<String>) in fields.first { $0.count == 2 && names.contains($0[0]) }?[1] }
    let flags = Set((value(["flags", "Features"]) ?? "").split(separator: " ").map(String.init))
    #if arch(x86_64)
      let architecture = "x86_64"
    #elseif arch(arm64)
      let architecture = "arm64"
    #else
      let architecture = "other"
    #endif
    return Processor(
      name: value(["model name", "Model"]) ?? "CPU", architecture: architecture,
      instructionSets: interesting.filter(flags.contains))
  }
}
