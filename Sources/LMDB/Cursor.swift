import CLMDB
import Dispatch
import Glibc

/// The turn to open a database for reading and begin a transaction, or to close one. LMDB's locks belong to the process: a second
/// opening of the same database takes itself for the first and sets the lock file up anew, and a transaction that begins in that
/// moment would see an empty database.
private let turn = DispatchSemaphore(value: 1)

/// An open database folder: the one owner of an `MDB_env *`.
@safe struct Environment: ~Copyable {
  let handle: OpaquePointer
  let path: String
  let openedWithoutLock: Bool

  /// The transaction that a reader begins with.
  let transaction: OpaquePointer?

  /// Opens a whole database for reading, with its lock file if that can be opened or made, and begins a transaction, which whoever
  /// takes it must end.
  init(reading path: String) throws(LMDBError) {
    try DatabaseFile.check(folder: path)
    turn.wait()
    defer { turn.signal() }
    let (opened, withoutLock) = try unsafe Self.openForReading(path)
    var begun: OpaquePointer?
    let code = unsafe mdb_txn_begin(opened, nil, CUnsignedInt(MDB_RDONLY), &begun)
    if code != MDB_SUCCESS { unsafe mdb_env_close(opened) }
    try check("mdb_txn_begin", path, code)
    (unsafe handle, unsafe transaction) = unsafe (opened, begun)
    openedWithoutLock = withoutLock
    self.path = path
  }

  private static func openForReading(_ path: String) throws(LMDBError) -> (OpaquePointer, Bool) {
    let flags = CUnsignedInt(MDB_RDONLY | MDB_NOTLS)
    do throws(LMDBError) {
      let handle = try unsafe open(path, flags)
      return unsafe (handle, access(path + "/lock.mdb", R_OK | W_OK) != 0)
    } catch {
      guard [EACCES, EPERM, EROFS, ENOENT, EISDIR].contains(error.code) else { throw error }
      return try unsafe (open(path, flags | CUnsignedInt(MDB_NOLOCK)), true)
    }
  }

  /// Opens the folder for writing; makes the files in it. What is committed is on the disk after `mdb_env_sync`.
  init(writing path: String) throws(LMDBError) {
    try unsafe handle = Self.open(path, CUnsignedInt(MDB_NOSYNC))
    openedWithoutLock = false
    unsafe transaction = nil
    self.path = path
  }

  private static func open(_ path: String, _ flags: CUnsignedInt) throws(LMDBError) -> OpaquePointer {
    let created = try unsafe LMDB.open("mdb_env_create", path) { unsafe mdb_env_create(&$0) }
    let code = unsafe mdb_env_open(created, path, flags, 0o664)
    if code != MDB_SUCCESS { unsafe mdb_env_close(created) }  // LMDB asks for this even then
    try check("mdb_env_open", path, code)
    return unsafe created
  }

  deinit {
    turn.wait()
    defer { turn.signal() }
    unsafe mdb_env_close(handle)
  }
}

/// The database at one moment: the one owner of an `MDB_txn *`, and of its environment.
@safe struct Snapshot: ~Copyable {
  let environment: Environment
  let handle: OpaquePointer

  init(reading path: String) throws(LMDBError) {
    let environment = try Environment(reading: path)
    guard let transaction = unsafe environment.transaction else {
      throw LMDBError(call: "mdb_txn_begin", file: path, code: EINVAL)
    }
    unsafe handle = transaction
    self.environment = environment
  }

  /// The addresses of the pages that are in use; all addresses if they cannot be told.
  ///
  /// LMDB does not say where it has mapped the file. It follows from the page of the first key, which begins with its own number.
  func map(of database: MDB_dbi) throws(LMDBError) -> Range<UInt> {
    let path = environment.path, all = UInt.min..<UInt.max
    var info = unsafe MDB_envinfo()
    var statistics = MDB_stat()
    try check("mdb_env_info", path, unsafe mdb_env_info(environment.handle, &info))
    try check("mdb_stat", path, unsafe mdb_stat(handle, database, &statistics))
    let pageSize = UInt(statistics.ms_psize)
    guard pageSize <= UInt(sysconf(CInt(_SC_PAGESIZE))) else { return all }
    let cursor = try unsafe open("mdb_cursor_open", path) { unsafe mdb_cursor_open(handle, database, &$0) }
    defer { unsafe mdb_cursor_close(cursor) }
    var key = unsafe MDB_val()
    var value = unsafe MDB_val()
    guard unsafe mdb_cursor_get(cursor, &key, &value, MDB_FIRST) == MDB_SUCCESS else { return all }
    let page = unsafe UInt(bitPattern: key.mv_data) & ~(pageSize - 1)
    guard let start = unsafe UnsafeRawPointer(bitPattern: page) else { return all }
    let number = unsafe start.load(as: UInt.self), count = unsafe UInt(info.me_last_pgno) + 1
    guard number < count, page >= number * pageSize else {
      throw LMDBError(
        call: "mdb_cursor_get", file: path, code: MDB_CORRUPTED, words: "page \(number) is not among its \(count) pages"
      )
    }
    return page - number * pageSize..<page + (count - number) * pageSize
  }

  deinit { unsafe mdb_txn_abort(handle) }  // and then the environment closes
}

/// Reads the records of a database in key order.
///
///     var cursor = try Cursor(path: "mnist_train_lmdb")
///     while let label = try cursor.next({ _, value in try Datum(value).label }) { ... }
///
/// A record's bytes are lent to the closure, straight from the memory map, and not copied. A cursor stays on the
/// thread that made it. The database must not be truncated or replaced in place while it is open.
@safe public struct Cursor: ~Copyable {
  private let snapshot: Snapshot
  private let handle: OpaquePointer
  /// Where the database lies in memory: a damaged page may point elsewhere.
  private let map: Range<UInt>
  /// The number of records in the database.
  public let count: Int

  /// The database is read without its lock file, since that can be neither opened nor made (a read-only folder or
  /// medium): nobody may write it meanwhile. Worth telling the user once.
  public var openedWithoutLock: Bool { snapshot.environment.openedWithoutLock }

  /// Whether there are no records.
  public var isEmpty: Bool { count == 0 }

  /// The folder, as given.
  public var path: String { snapshot.environment.path }

  /// A cursor before the first record of the database in the folder `path`.
  ///
  /// Throws if there is none, if it is truncated, or if LMDB refuses it.
  public init(path: String) throws(LMDBError) {
    let snapshot = try Snapshot(reading: path)
    let transaction = unsafe snapshot.handle
    var database: MDB_dbi = 0
    try check("mdb_dbi_open", path, unsafe mdb_dbi_open(transaction, nil, 0, &database))
    var statistics = MDB_stat()
    try check("mdb_stat", path, unsafe mdb_stat(transaction, database, &statistics))
    let map = try snapshot.map(of: database)
    let cursor = try unsafe open("mdb_cursor_open", path) {
      unsafe mdb_cursor_open(transaction, database, &$0)
    }
    unsafe handle = cursor
    self.map = map
    count = Int(clamping: statistics.ms_entries)
    self.snapshot = snapshot
  }

  deinit { unsafe mdb_cursor_close(handle) }  // and then the snapshot ends

  /// Moves to the next record (at the start: the first) and lends it to `body`; nil after the last.
  ///
  /// Throws an `LMDBError`, or what `body` throws.
  public mutating func next<R>(_ body: (_ key: RawSpan, _ value: RawSpan) throws -> R) throws -> R? {
    try lend(MDB_NEXT, [], body)
  }

  /// Moves back to the first record and lends it to `body`; nil if there is none.
  ///
  /// Throws an `LMDBError`, or what `body` throws.
  public mutating func first<R>(_ body: (_ key: RawSpan, _ value: RawSpan) throws -> R) throws -> R? {
    try lend(MDB_FIRST, [], body)
  }

  /// Moves to the record with this key and lends it to `body`; nil if there is none.
  ///
  /// With `orAfter` the first record whose key is not before `key` will do. Throws an `LMDBError`, or what `body` throws.
  public mutating func seek<R>(
    _ key: some Sequence<UInt8>, orAfter: Bool = false, _ body: (_ key: RawSpan, _ value: RawSpan) throws -> R
  ) throws -> R? {
    try lend(orAfter ? MDB_SET_RANGE : MDB_SET_KEY, Array(key), body)
  }

  private func lend<R>(_ move: MDB_cursor_op, _ wanted: [UInt8], _ body: (RawSpan, RawSpan) throws -> R) throws -> R? {
    var value = unsafe MDB_val()
    var wanted = wanted
    return try unsafe wanted.withUnsafeMutableBytes { bytes in
      var key = unsafe MDB_val(mv_size: bytes.count, mv_data: bytes.baseAddress)
      let code = unsafe mdb_cursor_get(handle, &key, &value, move)
      guard code != MDB_NOTFOUND else { return nil }
      try check("mdb_cursor_get", path, code)
      guard unsafe isInside(key), unsafe isInside(value) else {
        throw LMDBError(
          call: "mdb_cursor_get", file: path, code: MDB_CORRUPTED, words: "a record reaches beyond the end of the file")
      }
      return try unsafe body(
        RawSpan(_unsafeStart: key.mv_data, byteCount: key.mv_size),
        RawSpan(_unsafeStart: value.mv_data, byteCount: value.mv_size))
    }
  }

  private func isInside(_ bytes: MDB_val) -> Bool {
    let start = unsafe UInt(bitPattern: bytes.mv_data)
    let (end, isBeyond) = unsafe start.addingReportingOverflow(UInt(bytes.mv_size))
    return !isBeyond && start >= map.lowerBound && end <= map.upperBound
  }
}
