import Crema
import Foundation
import Prototxt

/// One network, trained on one dataset with one seed.
///
/// Training goes from snapshot to snapshot, each part with a solver of its own that begins with the weights, the histories and the
/// place in the data where the part before ended, and with random numbers of its own. So a run that was killed and goes on from its
/// last snapshot has the bits of a run that was not.
struct TrainingRun {
  let name: String
  let folder: String
  let solver: SolverDefinition
  let snapshot: Int
  let settle: Int
  let seed: Int
  let netOptions: Net.Options
  let workers: Workers

  /// The weights when all is done.
  var trained: String { "\(folder)/trained.caffemodel" }
  /// The loss of each update.
  var losses: String { "\(folder)/loss.csv" }
  /// Exists if the run diverged.
  private var marker: String { "\(folder)/diverged.json" }
  /// What is trained: beside the state, so that nobody goes on with another definition.
  private var record: String { "\(folder)/run.prototxt" }
  private var last: Int { solver.message.int("max_iter") }

  private struct Marker: Codable { let update: Int }

  /// The update after which the run was given up, because its loss or its weights were no finite numbers; nil if it was not.
  var divergence: Int? {
    FileManager.default.contents(atPath: marker).flatMap { try? JSONDecoder().decode(Marker.self, from: $0).update }
  }

  /// What decides about the weights, as a text.
  ///
  /// - Parameter remarks: lines about what the solver does not say: the images, how nets run.
  func description(_ remarks: [String]) -> String {
    let head = remarks + ["snapshot every \(snapshot) updates, statistics settle over \(settle) batches"]
    return head.map { "# \($0)\n" }.joined() + TextPrinter.print(solver.message) + "\n"
  }

  /// Trains what is missing, or finds that the run diverges.
  ///
  /// - Parameters:
  ///   - description: what is trained; it must be that of the state in the folder.
  ///   - retrains: a state of another description is dropped instead of being an error.
  /// - Returns: whether anything was missing.
  func complete(
    _ description: String, retrains: Bool, progress: @escaping (String) -> Void,
    warn: @escaping @Sendable (Diagnostic) -> Void
  ) throws -> Bool {
    try prepare(description, retrains: retrains)
    guard !FileManager.default.fileExists(atPath: trained), divergence == nil else {
      removeSnapshots(but: nil)
      return false
    }
    let silent: @Sendable (Diagnostic) -> Void = { _ in }
    var done = snapshots().max() ?? 0, warn = warn
    let losses = LossRecord(contentsOf: losses, through: done)
    while done < last {
      let next = min((done / snapshot + 1) * snapshot, last)
      let solver = try part(from: done, losses, warn: warn, progress: progress)
      warn = silent
      try solver.train(for: next - done)
      try losses.write(to: self.losses)
      if let update = losses.divergence {
        try giveUp(update)
        return true
      }
      try solver.writeSnapshot()
      removeSnapshots(but: next)
      done = next
    }
    try settleAndSave(progress)
    removeSnapshots(but: nil)
    return true
  }

  /// Marks the run as one that diverged. Its losses are written before.
  private func giveUp(_ update: Int) throws {
    try OutputFile.write(try ExperimentScore.json(Marker(update: update)), to: marker)
    removeSnapshots(but: nil)
  }

  /// The solver of the part that begins after `done` updates; it stops when the loss is no finite number.
  private func part(
    from done: Int, _ losses: LossRecord? = nil, warn: @escaping @Sendable (Diagnostic) -> Void,
    progress: @escaping (String) -> Void
  ) throws -> Solver {
    var definition = solver
    definition.message.set("random_seed", Self.seed(seed, part: done / snapshot))
    var options = Solver.Options()
    options.environment.firstRecord = done * ExperimentNet.batchSize(of: solver)
    options.net = netOptions
    options.warn = warn
    var line = ProgressLine()
    let name = name
    options.report = {
      losses?.add($0.iteration, $0.lastLoss)
      progress("\(name)  \(line.text($0))")
    }
    options.requestedAction = { losses?.divergence == nil ? nil : .stop }
    let solver = try Solver(definition, workers: workers, options: options)
    if done > 0 { try solver.restore(from: state(done)) }
    return solver
  }

  /// Gathers BatchNorm's statistics anew behind the last update, if that is wanted, and writes the weights.
  private func settleAndSave(_ progress: (String) -> Void) throws {
    let solver = try part(from: last, warn: { _ in }, progress: { _ in })
    if settle > 0 {
      solver.net.resetStatistics()
      for batch in 1...settle {
        try solver.net.forward()
        progress("\(name)  statistics \(batch)/\(settle)")
      }
    }
    guard solver.net.hasFiniteWeights else { return try giveUp(last) }
    try writeWeights(of: solver.net, to: trained, format: .binary)
  }

  /// The seed of a part: the run's own for the first one, numbers without pattern for the others.
  private static func seed(_ seed: Int, part: Int) -> Int {
    guard part > 0 else { return seed }
    var bits = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(part) &* 0xD1B5_4A32_D192_ED03
    bits = (bits ^ (bits >> 31)) &* 0x94D0_49BB_1331_11EB
    return Int((bits ^ (bits >> 29)) & 0x7FFF_FFFF)
  }

  // MARK: State on disk

  private static let prefix = "snapshot_iter_", stateSuffix = ".solverstate"

  private func prepare(_ description: String, retrains: Bool) throws {
    try ExperimentFolder.make(folder)
    for name in names where name.hasSuffix(".part") { remove(name) }
    if names.contains("run.prototxt") {
      let found = String(decoding: try SourceText(contentsOf: record).bytes, as: UTF8.self)
      if found == description { return }
      guard retrains else { throw Self.difference(record, found, description) }
      for name in names where name != "run.prototxt" { remove(name) }
    }
    try OutputFile.write(description, to: record)
  }

  private static func difference(_ path: String, _ found: String, _ wanted: String) -> Diagnostic {
    let pairs = zip(found.split(separator: "\n"), wanted.split(separator: "\n"))
    let change = pairs.first { $0 != $1 }.map {
      "'\($0.drop { $0 == " " })' was trained, '\($1.drop { $0 == " " })' is wanted"
    }
    return Diagnostic(
      "'\(path)' belongs to another definition (\(change ?? "one is longer")); give another --folder, or train what differs anew "
        + "with --retrain")
  }

  private var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] }

  /// The numbers of updates of whole snapshots: their states are written last.
  private func snapshots() -> [Int] {
    names.compactMap { name in
      guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.stateSuffix) else { return nil }
      return Int(name.dropFirst(Self.prefix.count).dropLast(Self.stateSuffix.count))
    }
  }

  private func state(_ done: Int) -> String { "\(folder)/\(Self.prefix)\(done)\(Self.stateSuffix)" }

  /// Removes older snapshots, and weights whose state was not written any more. States go first: one without its weights is worth
  /// nothing.
  private func removeSnapshots(but kept: Int?) {
    let keeps = kept.map { "\(Self.prefix)\($0)." } ?? ""
    let files = names.filter { $0.hasPrefix(Self.prefix) && (keeps.isEmpty || !$0.hasPrefix(keeps)) }
    for file in files.sorted(by: { $0.hasSuffix(Self.stateSuffix) && !$1.hasSuffix(Self.stateSuffix) }) { remove(file) }
  }

  private func remove(_ name: String) { try? FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
}
