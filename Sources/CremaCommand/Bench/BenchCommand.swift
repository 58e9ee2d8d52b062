import ArgumentParser
import Crema
import Foundation
import Prototxt

/// Measures Crema beside what the machine can do at most, and beside other programs.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure Crema beside the machine's peak and beside other programs.",
    discussion: "Each workload runs in a process of its own. --list shows their names.")

  @Argument(help: "The workloads, by name or glob, such as 'resnet-*'; else all.")
  var names: [String] = []

  @Flag(help: "List the workloads.")
  var list = false

  @Option(help: "How often each workload is measured, each time in a new process and by turns with the peers.")
  var `repeat` = 2

  @Option(help: "How many seconds one measurement takes, about.")
  var seconds = 2.0

  @Flag(help: "Also measure PyTorch, ONNX Runtime and OpenVINO.")
  var peers = false

  @Option(help: "The virtual environment of the peers, which is made if it is missing; else one in the user's cache.")
  var peersFolder: String?

  @Option(help: "The program that measures a peer.")
  var peersScript = "tools/bench-peers.py"

  @Option(help: "The folder of AMTENnet's definitions.")
  var amtennet = "prototxt/amtennet"

  @Option(help: "Where the files of the workloads stay for the next time; else they are made anew and removed.")
  var folder: String?

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Print Markdown.")
  var markdown = false

  @Option(help: .hidden)
  var worker: String?

  @OptionGroup var compute: ComputeOptions

  mutating func validate() throws {
    if `repeat` < 1 { throw ValidationError("--repeat must be at least 1, not \(`repeat`)") }
    if !(seconds > 0 && seconds <= 3600) { throw ValidationError("--seconds must be above 0, and at most 3600") }
  }

  func run() throws {
    if list {
      var table = Table([("name", .left), ("workload", .left)])
      for workload in BenchCatalog.all { table.add([workload.name, workload.title]) }
      Console.standard.show(table.text)
      return
    }
    let chosen = try chosen()
    let folder = self.folder ?? NSTemporaryDirectory() + "crema-bench-\(ProcessInfo.processInfo.processIdentifier)"
    let context = BenchContext(
      folder: folder, amtennet: amtennet, workers: try compute.start(), compute: compute, seconds: seconds)
    if worker != nil { return try work(chosen, context) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { if self.folder == nil { try? FileManager.default.removeItem(atPath: folder) } }
    let report = try BenchRun(command: self, context: context, workloads: chosen).report()
    Console.standard.endLive()
    Console.standard.show(try json ? report.json() : markdown ? report.markdown : report.text)
    if report.rows.contains(where: { $0.crema == nil }) { throw ExitCode(1) }
  }

  private func chosen() throws(Diagnostic) -> [BenchWorkload] {
    let patterns = worker.map { [$0] } ?? names
    for pattern in patterns where !BenchCatalog.all.contains(where: { System.matches($0.name, pattern) }) {
      throw Diagnostic(
        "no workload is called '\(pattern)'; `crema bench --list` shows them",
        suggestion: pattern.nearest(in: BenchCatalog.all.map(\.name)))
    }
    return BenchCatalog.all.filter { work in
      patterns.isEmpty || patterns.contains { System.matches(work.name, $0) }
    }
  }

  /// Measures one workload in this process.
  private func work(_ chosen: [BenchWorkload], _ context: BenchContext) throws {
    for workload in chosen {
      let measurement = try workload.run(context)
      Console.standard.show(String(decoding: try JSONEncoder().encode(measurement), as: UTF8.self) + "\n")
    }
  }
}

/// The rounds of a run.
struct BenchRun {
  let command: BenchCommand
  let context: BenchContext
  let workloads: [BenchWorkload]

  /// Measures everything.
  func report() throws -> BenchReport {
    var machine = BenchMachine(context.workers, engine: context.compute.engine)
    let threads = context.workers.count
    var peers: BenchPeers?
    if command.peers {
      let programs = BenchPeers(
        script: command.peersScript, environment: command.peersFolder ?? BenchPeers.usualEnvironment, context: context,
        threads: threads)
      machine.peers = try programs.prepare()
      peers = programs
    }
    var rows = workloads.map { BenchRow(name: $0.name, title: $0.title, threads: $0.threads ?? threads) }
    for workload in workloads { try workload.prepare(context) }
    for round in 1...command.repeat {
      for (index, workload) in workloads.enumerated() {
        Console.standard.live("round \(round) of \(command.repeat): \(workload.name)")
        attempt { rows[index].add(told(try measure(workload), "\(workload.name), Crema")) }
        guard let peers, let task = workload.peer else { continue }
        for peer in BenchPeers.names(for: task) {
          Console.standard.live("round \(round) of \(command.repeat): \(workload.name), \(peer)")
          attempt { rows[index].add(told(try peers.measure(task, peer), "\(workload.name), \(peer)"), of: peer) }
        }
      }
    }
    machine.repeatMeasurement(context.workers)
    return BenchReport(machine: machine, rows: rows, method: method)
  }

  /// A line on stderr for each measurement: a long run may be ended before its table.
  private func told(_ measurement: Measurement, _ name: String) -> Measurement {
    let figures = measurement.figures.map { ", \($0.name) \(BenchReport.number($0.value)) \($0.unit)" }.joined()
    Console.standard.tell("\(name): \(BenchReport.number(measurement.fastest)) ms\(figures)\n")
    return measurement
  }

  /// A failure is told; the other rows go on.
  private func attempt(_ body: () throws -> Void) {
    do { try body() } catch let error as Diagnostic { Console.standard.report(error) } catch {
      Console.standard.report(Diagnostic("\(error)"))
    }
  }

  private func measure(_ workload: BenchWorkload) throws -> Measurement {
    let output = context.path("crema.json")
    let pin = workload.staysOnOneProcessor ? ["taskset", "-c", "0"] : []
    let words =
      pin + [
        ChildProcess.own, "bench", "--worker", workload.name, "--folder", context.folder, "--amtennet",
        context.amtennet,
        "--threads", "\(workload.threads ?? context.workers.count)", "--engine", context.compute.engine.rawValue,
        "--seconds",
        "\(context.seconds)",
      ] + context.compute.disabledPasses.flatMap { ["--disable-pass", $0] }
    guard try ChildProcess.run(words, output: output).code == 0 else {
      throw Diagnostic("workload '\(workload.name)' failed")
    }
    return try JSONDecoder().decode(Measurement.self, from: Data(contentsOf: URL(fileURLWithPath: output)))
  }

  private var method: String {
    var text =
      "Method: each workload runs in a process of its own, \(command.repeat) times, by turns with its peers: two runs to warm up, "
      + "then as many as fit into \(BenchReport.number(context.seconds)) s (at least 5). ms is the fastest run, and rates are "
      + "of it; FMA peak and memory bandwidth are the best measured before and after, in the same run. GFLOP/s count two "
      + "operations for each multiply-add of convolutions and inner products (above 100 % is Winograd's transformation). Memory "
      + "is the most that the process had behind no file (anon) and behind files, its construction included. Training steps are "
      + "all that `crema train` does in an iteration, data from an LMDB included; weights and images are random."
    if command.peers {
      text +=
        " Peers have the same number of threads, float32, and their input in memory; of PyTorch's default layout, "
        + "channels_last and torch.compile with either the best counts; ONNX Runtime and OpenVINO run the net that PyTorch "
        + "exports. Their memory is that after the warm-up. ratio is the best peer's time by Crema's."
    }
    return text
  }
}

extension System {
  /// Whether a text matches a glob.
  static func matches(_ text: String, _ glob: String) -> Bool { unsafe fnmatch(glob, text, 0) == 0 }
}
