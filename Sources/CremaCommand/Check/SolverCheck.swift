import Crema
import Foundation
import Prototxt

/// Looks at a solver: its nets, its numbers, and the place for its snapshots.
struct SolverCheck {
  private let report: CheckReport
  private let nets: NetCheck

  init(_ report: CheckReport, _ nets: NetCheck) { (self.report, self.nets) = (report, nets) }

  /// Everything about a solver's file.
  func check(_ path: String) {
    let read = report.part { try SolverDefinition(contentsOf: path, permissive: nets.options.permissive) }
    guard let definition = read else { return }
    var options = Solver.Options()
    (options.environment, options.net) = (nets.environment, nets.netOptions)
    options.permissive = nets.options.permissive
    options.warn = { [report] in report.add($0) }
    guard let solver = report.part({ try Solver(definition, workers: nets.workers, options: options) }) else {
      return checkNets(of: definition.message)
    }
    nets.check(solver.net.graph)
    for test in solver.testNets { nets.check(test.graph) }
    checkCounts(definition.message, solver)
    checkSpace(definition.message, solver)
    nets.run(solver.net)
  }

  /// The nets of a solver that could not be built, each by itself: there may be more to find.
  private func checkNets(of solver: Message) {
    for field in solver.fields where ["net", "train_net", "test_net"].contains(field.name) {
      guard case .string(let file) = field.value else { continue }
      let path = report.part { try nets.options.environment.resolve(file, "net", at: field.location) }
      if let path { nets.check(path) }
    }
  }

  /// How often training and tests go through their data.
  private func checkCounts(_ message: Message, _ solver: Solver) {
    if let (records, batch, source) = data(solver.net.graph) {
      let images = message.int("max_iter") * batch * max(1, message.int("iter_size"))
      report.passed(
        "training",
        "\(message.int("max_iter").grouped) updates of \(batch * max(1, message.int("iter_size"))) images go through the "
          + "\(records.grouped) records of '\(source)' \(Float((Double(images) / Double(records) * 100).rounded() / 100)) times"
      )
    }
    for (index, net) in solver.testNets.enumerated() {
      guard let (records, batch, source) = data(net.graph), index < message.ints("test_iter").count else { continue }
      let batches = message.ints("test_iter")[index], images = batches * batch
      guard images != records else {
        report.passed(
          "test net #\(index)", "\(batches) batches of \(batch) are the \(records.grouped) records of '\(source)'")
        continue
      }
      let share = images < records ? "leaves out \((records - images).grouped)" : "goes round: some count twice"
      let hint =
        records % batch == 0 ? "test_iter: \(records / batch) is all of them" : "no number of batches of \(batch) fits"
      report.add(
        Diagnostic(
          "test net #\(index): \(batches) batches of \(batch) are \(images.grouped) images, but '\(source)' has \(records.grouped) "
            + "records: a test \(share) (\(hint))", at: message.location(of: "test_iter"), severity: .warning))
    }
  }

  /// The records of a net's database, the batch, and its name.
  private func data(_ graph: Graph) -> (records: Int, batch: Int, source: String)? {
    guard let node = graph.nodes.first(where: { $0.type == "Data" }), let survey = nets.databases.survey(node),
      let records = survey.total
    else { return nil }
    let parameters = node.definition.message("data_param")
    return (records, parameters.int("batch_size"), parameters.string("source"))
  }

  /// Whether all snapshots fit on the disk.
  private func checkSpace(_ message: Message, _ solver: Solver) {
    let prefix = message.string("snapshot_prefix"), interval = message.int("snapshot"), last = message.int("max_iter")
    let numbers = solver.net.graph.parameters.reduce(0) { $0 + $1.shape.count }
    let history = solver.history.reduce(0) { $0 + $1.count }
    let isLastKept = message.bool("snapshot_after_train") && (interval == 0 || last % interval != 0)
    let count = (interval > 0 ? last / interval : 0) + (isLastKept ? 1 : 0)
    let bytes = 4 * (numbers + history) * count
    let folder = prefix.contains("/") ? String(prefix[..<(prefix.lastIndex(of: "/") ?? prefix.startIndex)]) : "."
    let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder.isEmpty ? "/" : folder)
    let text = "\(count) of \(NetSummary.size(4 * (numbers + history))), '\(prefix)_iter_*'"
    guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue else {
      return report.passed("snapshots", text)
    }
    guard free < bytes else {
      return report.passed("snapshots", "\(text); \(NetSummary.size(free)) are free")
    }
    report.add(
      Diagnostic(
        "\(count) snapshots take \(NetSummary.size(bytes)), but only \(NetSummary.size(free)) are free in '\(folder)'; "
          + "say a larger snapshot, or another snapshot_prefix",
        at: message.location(of: "snapshot_prefix") ?? message.location, severity: .warning))
  }
}
