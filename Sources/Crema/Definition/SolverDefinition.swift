import Foundation
import Prototxt

/// A solver as a file describes it: a SolverParameter of the current form, with the places of its fields.
public struct SolverDefinition: Sendable {
  /// The SolverParameter, after the upgrade of `solver_type`.
  public var message: Message
  /// The file, as it was named.
  public let path: String
  /// Remarks on the file.
  public let warnings: [Diagnostic]

  /// Reads and upgrades a prototxt file.
  ///
  /// - Throws: all syntax errors, wrong types and unknown fields of the file together.
  public init(contentsOf path: String, permissive: Bool = false, log: Log = .silent) throws(DiagnosticList) {
    let result = try TextParser.parse(contentsOf: path, as: CaffeSchema.solver)
    try result.check(is: .solver)
    warnings = try result.judge(permissive: permissive)
    self.path = path
    message = try listing { () throws(Diagnostic) in try Upgrade.solver(result.message, file: path, log: log) }
    completeSnapshotPrefix(log)
  }

  /// Without a prefix, snapshots go beside the solver file; with a folder, into it; under the solver file's name.
  private mutating func completeSnapshotPrefix(_ log: Log) {
    let prefix = message.string("snapshot_prefix")
    let file = path.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? path
    let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
    if prefix.isEmpty {
      let completed = String(path.dropLast(file.count)) + stem
      message.set("snapshot_prefix", completed)
      log.info("upgrade_proto.cpp", 1097, "snapshot_prefix was not specified and is set to \(completed)")
    } else if isFolder(prefix) {
      let completed = prefix + (prefix.hasSuffix("/") ? "" : "/") + stem
      message.set("snapshot_prefix", completed)
      log.info("upgrade_proto.cpp", 1101, "snapshot_prefix was a directory and is replaced to \(completed)")
    }
  }
}

/// Whether a folder exists at `path`.
func isFolder(_ path: String) -> Bool {
  var isFolder: ObjCBool = false
  return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
}
