import CLevelDB

/// What went wrong with a LevelDB: the call, the folder, the reason in words, and what to do about it.
public struct LevelDBError: Error, CustomStringConvertible, Equatable, Sendable {
  /// The function that failed, for example `leveldb_open`.
  public let call: String
  /// The database's folder.
  public let file: String
  /// What was found, in words; LevelDB's own if it said something.
  public let words: String
  /// What to do about it.
  public let advice: String

  /// One sentence for each: what failed and why, and what to do.
  public var description: String { "LevelDB '\(file)': \(words) (\(call)); \(advice)" }
}

/// Runs a call that leaves a message where it fails, and throws that message.
func check<R>(
  _ call: String, _ file: String, advice: String? = nil,
  _ body: (inout UnsafeMutablePointer<CChar>?) -> R
) throws(LevelDBError) -> R {
  var message: UnsafeMutablePointer<CChar>?
  let result = unsafe body(&message)
  guard let message = unsafe message else { return result }
  let words = unsafe String(cString: message)
  unsafe leveldb_free(message)
  throw LevelDBError(call: call, file: file, words: words, advice: advice ?? usualAdvice(for: words))
}

private func usualAdvice(for words: String) -> String {
  if words.contains("lock") || words.contains("LOCK") {
    return
      "LevelDB lets one program at a time open a database, and writes to its folder: end the other one, and check that the "
      + "folder may be written"
  }
  if words.contains("orruption") || words.contains("Invalid argument") {
    return "the database is damaged: copy it again or build it anew"
  }
  return "check the path, its permissions and the disk"
}
