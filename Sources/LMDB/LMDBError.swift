import CLMDB
import Glibc

/// What went wrong with an LMDB: the call, the file, the code, the reason in words, and what to do about it.
public struct LMDBError: Error, CustomStringConvertible, Equatable, Sendable {
  /// The function that failed, for example `mdb_env_open`.
  public let call: String
  /// The database's folder, or the file in it that is at fault.
  public let file: String
  /// One of LMDB's codes (negative), or an `errno` (positive).
  public let code: CInt
  /// What was found, in words; LMDB's own if it said something.
  public let words: String
  /// What to do about it.
  public let advice: String

  /// One sentence for each: what failed and why, and what to do.
  public var description: String { "LMDB '\(file)': \(words) (\(call), code \(code)); \(advice)" }

  init(call: String, file: String, code: CInt, words: String? = nil, advice: String? = nil) {
    self.call = call
    self.file = file
    self.code = code
    self.words = unsafe words ?? String(cString: mdb_strerror(code))
    self.advice = advice ?? Self.usualAdvice(for: code)
  }

  private static func usualAdvice(for code: CInt) -> String {
    switch code {
    case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_PANIC:
      "the database is damaged: copy it again or build it anew"
    case MDB_VERSION_MISMATCH: "data.mdb or lock.mdb was written by an LMDB of another version: build the database anew"
    case MDB_READERS_FULL: "too many programs read this database: end some of them, or delete its lock.mdb"
    case MDB_MAP_FULL, ENOSPC, EDQUOT: "free some space on the disk and start again"
    case MDB_BAD_VALSIZE: "use keys of 1 to 511 bytes"
    case EACCES, EPERM: "check the permissions of the folder and the files in it"
    case ENOMEM: "the database is larger than the address space or memory allowed (see ulimit -v)"
    case EMFILE, ENFILE: "too many files are open (see ulimit -n)"
    default: "check the path and the disk"
    }
  }
}

/// Throws unless the call answered `MDB_SUCCESS`.
func check(_ call: String, _ file: String, _ code: CInt) throws(LMDBError) {
  guard code == MDB_SUCCESS else { throw LMDBError(call: call, file: file, code: code) }
}

/// The handle that a call fills in.
func open(
  _ call: String, _ file: String, _ body: (inout OpaquePointer?) -> CInt
) throws(LMDBError) -> OpaquePointer {
  var handle: OpaquePointer?
  let code = unsafe body(&handle)
  guard code == MDB_SUCCESS, let handle = unsafe handle else {
    throw LMDBError(call: call, file: file, code: code)
  }
  return unsafe handle
}
