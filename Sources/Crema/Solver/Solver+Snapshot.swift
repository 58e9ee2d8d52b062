import Glibc
import Prototxt

extension Solver {
  /// The names of the files of a snapshot.
  private func snapshotPath(_ suffix: String) -> String { "\(snapshotPrefix)_iter_\(iteration)\(suffix)" }

  /// Writes the model, then the solver's state, as the definition says.
  ///
  /// - Throws: a file that cannot be written; files that exist stay whole.
  public func writeSnapshot() throws(Diagnostic) {
    let isHDF5 = definition.enumeration("snapshot_format") == "HDF5"
    let kind = isHDF5 ? "HDF5" : "binary proto"
    let model = snapshotPath(isHDF5 ? ".caffemodel.h5" : ".caffemodel")
    let state = snapshotPath(isHDF5 ? ".solverstate.h5" : ".solverstate")
    log.info("solver.cpp", isHDF5 ? 474 : 464, "Snapshotting to \(kind) file \(model)")
    try writeWeights(
      of: net, to: model, format: isHDF5 ? .hdf5 : .binary, includesGradients: definition.bool("snapshot_diff"))
    log.info("sgd_solver.cpp", isHDF5 ? 296 : 284, "Snapshotting solver state to \(kind) file \(state)")
    let contents = SolverState(
      iteration: iteration, learnedNet: model, currentStep: step, history: updater.history)
    try contents.write(to: state, format: isHDF5 ? .hdf5 : .binary)
  }

  /// Takes up iteration, weights and history from a .solverstate.
  ///
  /// - Throws: a file that cannot be read, or that belongs to another net or update rule.
  public func restore(from path: String) throws(Diagnostic) {
    let state = try SolverState(contentsOf: path)
    guard state.history.count == updater.history.count else {
      throw Diagnostic(
        "\(path): Incorrect length of history blobs: the state holds \(state.history.count), this solver "
          + "(\(definition.string("type"))) needs \(updater.history.count); it belongs to another net or solver type, or is truncated"
      )
    }
    for (index, (saved, own)) in zip(state.history, updater.history).enumerated() {
      guard saved.count == own.count else {
        throw Diagnostic(
          "\(path): history blob \(index) is \(saved.shape), but this net's parameter is \(own.shape); the state belongs to another net"
        )
      }
    }
    if !state.learnedNet.isEmpty {
      options.loaded(try WeightsFile.load(try find(state.learnedNet, beside: path), into: net, log: log))
    }
    if !path.hasSuffix(".h5") { log.info("sgd_solver.cpp", 336, "SGDSolver: restoring history") }
    for (saved, own) in zip(state.history, updater.history) { own.copy(saved) }
    (iteration, step) = (state.iteration, state.currentStep)
  }

  /// The model that a state names: as it is named, or else in the folder of the state.
  private func find(_ model: String, beside state: String) throws(Diagnostic) -> String {
    let folder = state.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let name = model.split(separator: "/").last.map(String.init) ?? model
    let sibling = (folder + [Substring(name)]).joined(separator: "/")
    if !InputEnvironment.exists(model), InputEnvironment.exists(sibling) { return sibling }
    do throws(Diagnostic) { return try options.environment.resolve(model, "model", at: nil) } catch {
      throw Diagnostic("\(state): \(error.message); the state names it as its weights")
    }
  }

  /// `snapshot_prefix`, checked by writing beside it if there will be snapshots.
  static func checkedPrefix(_ message: Message) throws(Diagnostic) -> String {
    let prefix = message.string("snapshot_prefix")
    if message.int("snapshot") > 0 || message.bool("snapshot_after_train") { try checkWritable(prefix, message) }
    return prefix
  }

  private static func checkWritable(_ prefix: String, _ message: Message) throws(Diagnostic) {
    let probe = "\(prefix)_iter_0.tempfile"
    let descriptor = unsafe probe.withCString { unsafe open($0, O_CREAT | O_WRONLY, 0o644) }
    guard descriptor >= 0 else {
      let reason = reason()
      throw message.error(
        "snapshot_prefix",
        "Cannot write to snapshot prefix '\(prefix)' (\(reason)). Make sure that the directory exists and is writable.")
    }
    close(descriptor)
    unsafe probe.withCString { _ = unsafe unlink($0) }
  }
}
