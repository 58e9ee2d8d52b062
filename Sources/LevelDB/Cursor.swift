import CLevelDB

/// Reads the records of a database in key order.
///
/// A record's bytes are lent to the closure and not copied. A cursor stays on the thread that made it; several cursors of this
/// program may read one database. LevelDB writes to the folder even then: it must be writable, and no other program may have the
/// database open.
@safe public struct Cursor: ~Copyable {
  private let iterator: OpaquePointer
  private let shared: OpenDatabases.Membership
  /// The folder, as given.
  public let path: String
  /// Whether there are no records.
  public let isEmpty: Bool
  private var isBeforeFirst = true

  /// A cursor before the first record of the database in the folder `path`.
  ///
  /// Throws if there is none, if it is cut off or damaged, or if another program has it open.
  public init(path: String) throws(LevelDBError) {
    let (shared, database) = try unsafe OpenDatabases.join(path)
    let options = unsafe leveldb_readoptions_create()
    unsafe leveldb_readoptions_set_verify_checksums(options, 1)
    unsafe leveldb_readoptions_set_fill_cache(options, 0)
    let created = unsafe leveldb_create_iterator(database, options)
    unsafe leveldb_readoptions_destroy(options)
    guard let created = unsafe created else {
      OpenDatabases.leave(shared)
      throw LevelDBError(call: "leveldb_create_iterator", file: path, words: "no memory is left", advice: "free some")
    }
    unsafe leveldb_iter_seek_to_first(created)
    do throws(LevelDBError) {
      try unsafe check("leveldb_iter_seek_to_first", path) { unsafe leveldb_iter_get_error(created, &$0) }
    } catch {
      unsafe leveldb_iter_destroy(created)
      OpenDatabases.leave(shared)
      throw error
    }
    unsafe iterator = created
    isEmpty = unsafe leveldb_iter_valid(created) == 0
    self.shared = shared
    self.path = path
  }

  deinit {
    unsafe leveldb_iter_destroy(iterator)
    OpenDatabases.leave(shared)
  }

  /// Moves to the next record (at the start: the first) and lends it to `body`; nil after the last.
  ///
  /// Throws a `LevelDBError`, or what `body` throws.
  public mutating func next<R>(_ body: (_ key: RawSpan, _ value: RawSpan) throws -> R) throws -> R? {
    if isBeforeFirst { return try first(body) }
    if unsafe leveldb_iter_valid(iterator) != 0 { unsafe leveldb_iter_next(iterator) }
    return try lend(body)
  }

  /// Moves back to the first record and lends it to `body`; nil if there is none.
  ///
  /// Throws a `LevelDBError`, or what `body` throws.
  public mutating func first<R>(_ body: (_ key: RawSpan, _ value: RawSpan) throws -> R) throws -> R? {
    isBeforeFirst = false
    unsafe leveldb_iter_seek_to_first(iterator)
    return try lend(body)
  }

  private func lend<R>(_ body: (RawSpan, RawSpan) throws -> R) throws -> R? {
    guard unsafe leveldb_iter_valid(iterator) != 0 else {
      try unsafe check("leveldb_iter_next", path) { unsafe leveldb_iter_get_error(iterator, &$0) }
      return nil
    }
    var keySize = 0, valueSize = 0
    guard let key = unsafe leveldb_iter_key(iterator, &keySize),
      let value = unsafe leveldb_iter_value(iterator, &valueSize)
    else { return nil }
    return try unsafe body(
      RawSpan(_unsafeStart: UnsafeRawPointer(key), byteCount: keySize),
      RawSpan(_unsafeStart: UnsafeRawPointer(value), byteCount: valueSize))
  }
}
