import CLMDB
import Glibc

/// Builds a new database, in transactions of many records.
///
///     var writer = try Writer(creating: "mnist_train_lmdb")
///     for (key, value) in records { try writer.put(key, value) }
///     try writer.close()
///
/// The database appears at its path when `close` succeeds, whole; until then it is built in the folder `<path>.partial`
/// beside it. A writer that goes away unclosed (an error, say) removes that folder. A killed program leaves it; it must
/// be deleted before the next try, and the error then says so. A writer stays on the thread that made it.
@safe public struct Writer: ~Copyable {
  /// Records are committed when there are as many as this (as Caffe's tools do) ...
  public static let recordsPerTransaction = 1000
  /// ... or when they have as many bytes, since a transaction waits in memory.
  static let bytesPerTransaction = 256 << 20

  private let path: String
  private let partial: String
  private var environment: Environment?
  private var records: [(key: [UInt8], value: [UInt8])] = []
  private var byteCount = 0

  /// Starts a database whose folder `path` must not exist yet.
  ///
  /// Throws if it exists, if an interrupted writing left its `.partial`, or if the folder cannot be made.
  public init(creating path: String) throws(LMDBError) {
    var trimmed = path
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    let partial = trimmed + ".partial"
    if case .missing(ENOENT) = LMDB.kind(of: trimmed) {
    } else {
      throw LMDBError(
        call: "mkdir", file: path, code: EEXIST, words: "it exists already",
        advice: "delete it or choose another name")
    }
    guard unsafe mkdir(partial, 0o744) == 0 else {
      let code = errno
      throw LMDBError(
        call: "mkdir", file: partial, code: code,
        advice: code == EEXIST
          ? "an interrupted writing left it, or another program is writing: delete it if not"
          : "check that the folder around it exists and may be written")
    }
    do throws(LMDBError) {
      environment = try Environment(writing: partial)
    } catch {
      Self.remove(partial)
      throw error
    }
    self.path = trimmed
    self.partial = partial
  }

  deinit {
    guard environment != nil else { return }
    Self.remove(partial)  // the files are still open; their space is freed when the environment closes
  }

  /// Adds a record; a later one with the same key replaces it. Keys have 1 to 511 bytes.
  ///
  /// Every 1000 records this commits. Throws if the key has another length, or if the commit fails.
  public mutating func put(_ key: [UInt8], _ value: [UInt8]) throws(LMDBError) {
    guard (1...511).contains(key.count) else {
      throw LMDBError(
        call: "mdb_put", file: path, code: MDB_BAD_VALSIZE, words: "a key has \(key.count) bytes")
    }
    records.append((key, value))
    byteCount += key.count + value.count
    if records.count >= Self.recordsPerTransaction || byteCount >= Self.bytesPerTransaction { try commit() }
  }

  /// Adds a record whose key is the bytes of a text.
  public mutating func put(_ key: String, _ value: [UInt8]) throws(LMDBError) {
    try put(Array(key.utf8), value)
  }

  /// Writes the records that wait, as one transaction; does nothing if none do.
  public mutating func commit() throws(LMDBError) {
    guard !records.isEmpty else { return }
    while try !commitOnce() { try doubleMap() }
    records.removeAll(keepingCapacity: true)
    byteCount = 0
  }

  /// Commits what waits, and moves the finished database to its path. After this the writer is of no more use.
  public mutating func close() throws(LMDBError) {
    try commit()
    guard environment != nil else { return }
    try check("mdb_env_sync", path, unsafe mdb_env_sync(handle(), 1))
    environment = nil
    guard unsafe rename(partial, path) == 0 else {
      let code = errno
      Self.remove(partial)
      throw LMDBError(
        call: "rename", file: path, code: code, advice: "something else appeared there: choose another name")
    }
  }

  /// The writer's environment. Throws after `close`.
  private func handle() throws(LMDBError) -> OpaquePointer {
    switch environment {
    case .some(let environment): return unsafe environment.handle
    case .none:
      throw LMDBError(
        call: "mdb_txn_begin", file: path, code: EBADF, words: "the writer is closed", advice: "make another one")
    }
  }

  /// Writes all that waits; false, with nothing written, if the map is too small.
  private mutating func commitOnce() throws(LMDBError) -> Bool {
    let environment = try unsafe handle()
    let transaction = try unsafe open("mdb_txn_begin", path) { unsafe mdb_txn_begin(environment, nil, 0, &$0) }
    var database: MDB_dbi = 0
    var call = "mdb_dbi_open"
    var code = unsafe mdb_dbi_open(transaction, nil, 0, &database)
    if code == MDB_SUCCESS {
      call = "mdb_put"
      code = unsafe putAll(transaction, database)
    }
    if code == MDB_SUCCESS {
      call = "mdb_txn_commit"
      code = unsafe mdb_txn_commit(transaction)  // ends the transaction even if it fails
    } else {
      unsafe mdb_txn_abort(transaction)
    }
    if code == MDB_MAP_FULL { return false }
    try check(call, path, code)
    unsafe startWritingBack(environment)
    return true
  }

  /// Lets the system bring what was committed to the disk, so that `close` has little to wait for.
  private func startWritingBack(_ environment: OpaquePointer) {
    var file: mdb_filehandle_t = -1
    guard unsafe mdb_env_get_fd(environment, &file) == MDB_SUCCESS else { return }
    crema_start_writing_back(file)
  }

  private func putAll(_ transaction: OpaquePointer, _ database: MDB_dbi) -> CInt {
    for (key, value) in records {
      let code = unsafe key.withUnsafeBytes { key in
        unsafe value.withUnsafeBytes { value in
          var key = unsafe MDB_val(mv_size: key.count, mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress))
          var value = unsafe MDB_val(
            mv_size: value.count, mv_data: UnsafeMutableRawPointer(mutating: value.baseAddress))
          return unsafe mdb_put(transaction, database, &key, &value, 0)
        }
      }
      guard code == MDB_SUCCESS else { return code }
    }
    return MDB_SUCCESS
  }

  private func doubleMap() throws(LMDBError) {
    let environment = try unsafe handle()
    var info = unsafe MDB_envinfo()
    try check("mdb_env_info", path, unsafe mdb_env_info(environment, &info))
    try check("mdb_env_set_mapsize", path, unsafe mdb_env_set_mapsize(environment, info.me_mapsize * 2))
  }

  /// Removes a folder that LMDB wrote, and says nothing if it is not there.
  public static func remove(_ folder: String) {
    for file in ["data.mdb", "lock.mdb"] { unsafe unlink(folder + "/" + file) }
    unsafe rmdir(folder)
  }
}
