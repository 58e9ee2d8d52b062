import Glibc
import LMDB
import LevelDB
import Prototxt

/// The place of a database that is to be built, where another one may be that it replaces.
struct NewDatabase {
  /// Where the writer builds it.
  let path: String
  private let final: String
  private let replaces: Bool

  /// Looks at what is there.
  ///
  /// - Throws: something that may not be replaced, or that is no database.
  init(at path: String, overwrites: Bool) throws(Diagnostic) {
    var trimmed = path
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    final = trimmed
    replaces = InputEnvironment.exists(trimmed)
    self.path = replaces ? trimmed + ".new" : trimmed
    guard replaces else { return }
    guard overwrites else {
      throw Diagnostic("'\(path)' exists already; choose another name, delete it, or say --overwrite")
    }
    guard DatabaseBackend(of: trimmed) != nil else {
      throw Diagnostic(
        "'\(path)' exists and is neither an LMDB nor a LevelDB, so it is not replaced; choose another name")
    }
  }

  /// Puts the finished database in its place, after its writer has been closed, and removes the one that was there.
  ///
  /// - Throws: why that cannot be; the new database is then whole at `path`, or the old one is.
  func finish() throws(Diagnostic) {
    guard replaces else { return }
    let old = final + ".old"
    guard unsafe rename(final, old) == 0 else {
      throw Diagnostic("'\(final)' cannot be replaced (\(reason())); the new database is '\(path)'")
    }
    guard unsafe rename(path, final) == 0 else {
      let why = reason()
      _ = unsafe rename(old, final)
      throw Diagnostic("'\(final)' cannot be replaced (\(why)); the new database is '\(path)'")
    }
    switch DatabaseBackend(of: old) {
    case .leveldb: LevelDB.Writer.remove(old)
    default: LMDB.Writer.remove(old)
    }
  }
}
