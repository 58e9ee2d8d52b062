import Prototxt

/// Brings definitions of all ages to the current form, as Caffe does whenever it reads a file.
///
/// Fields that move keep pointing to their old place in the file.
public enum Upgrade {
  /// What an upgrade gave.
  public struct Result: Sendable {
    /// The message in the current form.
    public var message: Message
    /// Whether something was old.
    public var isChanged = false
    /// Whether something old has no place in the current form and was left out; the log says what.
    public var hasProblems = false
  }

  /// A NetParameter in the current form: fields of forks that have an equivalent, V0 layers, data transformations, V1
  /// layers, input fields and BatchNorm's rates, in this order.
  ///
  /// - Parameters:
  ///   - file: the file's name, for Caffe's log lines.
  /// - Throws: what cannot be upgraded, at its place.
  public static func net(_ message: Message, file: String, log: Log = .silent) throws(Diagnostic) -> Message {
    try upgrading(net: message, file: file, log: log).message
  }

  /// The same, and whether there was something to do.
  public static func upgrading(net: Message, file: String, log: Log = .silent) throws(Diagnostic) -> Result {
    var result = Result(message: try ForkFields.translated(net))
    for step in steps where step.applies(result.message) {
      UpgradeLog.begin(step.lines, log, file)
      let hasProblems = try step.apply(&result.message, log)
      UpgradeLog.end(step.lines, log, hasProblems: hasProblems)
      result.isChanged = true
      if hasProblems { result.hasProblems = true }
    }
    return result
  }

  /// A SolverParameter in the current form: `solver_type` becomes `type`.
  ///
  /// - Throws: a file that gives both.
  public static func solver(_ message: Message, file: String, log: Log = .silent) throws(Diagnostic) -> Message {
    try upgrading(solver: message, file: file, log: log).message
  }

  /// The same, and whether there was something to do.
  public static func upgrading(solver: Message, file: String, log: Log = .silent) throws(Diagnostic) -> Result {
    var result = Result(message: try ForkFields.translated(solver))
    guard SolverType.applies(result.message) else { return result }
    UpgradeLog.begin(UpgradeLog.solver, log, file)
    try SolverType.apply(&result.message)
    UpgradeLog.end(UpgradeLog.solver, log, hasProblems: false)
    result.isChanged = true
    return result
  }

  /// One of the upgrades of a net.
  private struct Step {
    let lines: UpgradeLog.Lines
    let applies: @Sendable (Message) -> Bool
    /// Changes the message; true if something was left out.
    let apply: @Sendable (inout Message, Log) throws(Diagnostic) -> Bool
  }

  private static let steps: [Step] = [
    Step(lines: UpgradeLog.v0, applies: V0.applies, apply: V0.apply),
    Step(lines: UpgradeLog.transformation, applies: DataTransformation.applies, apply: DataTransformation.apply),
    Step(lines: UpgradeLog.v1, applies: V1.applies, apply: V1.apply),
    Step(lines: UpgradeLog.inputs, applies: InputFields.applies, apply: InputFields.apply),
    Step(lines: UpgradeLog.batchNorm, applies: BatchNormRates.applies, apply: BatchNormRates.apply),
  ]
}
