import ArgumentParser
import Crema
import Foundation
import Prototxt
import Scenes

/// Measures Crema beside what the machine can do at most.
///
/// Method: each workload runs some times to warm up, then `--repetitions` times; the minimum and the median are shown. Rates are
/// of the minimum. The machine's peak and bandwidth are measured in the same run.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure AMTENnet's training step and inference as shares of the machine's peak.")

  @Option(help: "The train/val net; its sources are train_lmdb and test_lmdb.")
  var net = "prototxt/amtennet/train_val.prototxt"

  @Option(help: "How often each workload is measured.")
  var repetitions = 10

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var compute: ComputeOptions

  func run() throws {
    let workers = try compute.start()
    let folder = NSTemporaryDirectory() + "crema-bench-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let machine = MachineFigures(
      threads: workers.count, instructions: Machine.instructionSet, blas: Machine.blasKernels,
      peak: Machine.peak(on: workers), bandwidth: Machine.bandwidth(on: workers))
    for name in ["train_lmdb", "test_lmdb"] {
      try SceneDatabase(path: "\(folder)/\(name)", generator: SceneGenerator(seed: 1), count: 128).write(on: workers) {
        _ in
      }
    }
    var workloads = [try trainingStep(folder, workers)]
    for batch in [64, 1] { workloads.append(try inference(batch, folder, workers)) }
    let report = BenchReport(machine: machine, workloads: workloads)
    Console.standard.show(try json ? report.json() : report.text)
  }

  /// Everything that `crema train` does in an iteration, from an LMDB.
  private func trainingStep(_ folder: String, _ workers: Workers) throws -> Workload {
    let path = "\(folder)/solver.prototxt"
    let text = """
      net: "\(net)"
      base_lr: 0.0001 lr_policy: "fixed" momentum: 0.95 weight_decay: 0.005 max_iter: 1000000
      snapshot_prefix: "\(folder)/bench" snapshot_after_train: false random_seed: 1
      """
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    var options = Solver.Options()
    options.environment.rootFolder = folder
    options.net = compute.netOptions
    let solver = try Solver(try SolverDefinition(contentsOf: path), workers: workers, options: options)
    try solver.train(for: 3)
    let times = try measure { try solver.train(for: 1) }
    return Workload(
      name: "AMTENnet training step, batch 64, from LMDB", milliseconds: times,
      operations: solver.net.graph.trainingOperations, anonymous: Machine.anonymousMemory, mapped: Machine.mappedMemory)
  }

  private func inference(_ batch: Int, _ folder: String, _ workers: Workers) throws -> Workload {
    let deploy = (net as NSString).deletingLastPathComponent + "/deploy.prototxt"
    let definition = try NetDefinition(contentsOf: deploy)
    let graph = try GraphBuilder.build(definition.taking(images: batch), state: NetState(phase: .test).message)
    let tester = try Net(graph, random: RandomStream(seed: 1), workers: workers, options: compute.netOptions)
    for _ in 0..<3 { try tester.forward() }
    let times = try measure { try tester.forward() }
    return Workload(
      name: "AMTENnet inference, batch \(batch)", milliseconds: times, operations: graph.forwardOperations,
      anonymous: Machine.anonymousMemory, mapped: Machine.mappedMemory)
  }

  private func measure(_ body: () throws -> Void) rethrows -> [Double] {
    try (0..<max(1, repetitions)).map { _ in try ContinuousClock().measure(body) / .milliseconds(1) }
  }
}
