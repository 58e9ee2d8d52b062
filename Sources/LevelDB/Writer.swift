import CLevelDB
import Glibc

/// Builds a new database, in batches of many records.
///
/// The database appears at its path when `close` succeeds, whole; until then it is built in the folder `<path>.partial` beside it,
/// which a writer that goes away unclosed removes. A writer stays on the thread that made it.
@safe public struct Writer: ~Copyable {
  /// Records are written when there are as many as this (as Caffe's tools do) ...
  public static let recordsPerBatch = 1000
  /// ... or when they have as many bytes, since a batch waits in memory.
  static let bytesPerBatch = 64 << 20

  private let path: String
  private let partial: String
  private let database: OpaquePointer
  private let batch: OpaquePointer
  private var records = 0
  private var bytes = 0
  private var isOpen = true

  /// Starts a database whose folder `path` must not exist yet.
  ///
  /// Throws if it exists, if an interrupted writing left its `.partial`, or if the folder cannot be made.
  public init(creating path: String) throws(LevelDBError) {
    var trimmed = path
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    let partial = trimmed + ".partial"
    for (name, advice) in [
      (trimmed, "delete it or choose another name"),
      (partial, "an interrupted writing left it, or another program is writing: delete it if not"),
    ] where unsafe access(name, F_OK) == 0 {
      throw LevelDBError(call: "mkdir", file: name, words: "it exists already", advice: advice)
    }
    let options = unsafe leveldb_options_create()
    defer { unsafe leveldb_options_destroy(options) }
    unsafe leveldb_options_set_create_if_missing(options, 1)
    unsafe leveldb_options_set_error_if_exists(options, 1)
    unsafe leveldb_options_set_block_size(options, 65_536)
    unsafe leveldb_options_set_write_buffer_size(options, 268_435_456)
    unsafe leveldb_options_set_max_open_files(options, 100)
    let opened: OpaquePointer?
    do throws(LevelDBError) {
      try unsafe opened = check(
        "leveldb_open", partial, advice: "check that the folder around it exists, may be written and has space"
      ) { unsafe leveldb_open(options, partial, &$0) }
    } catch {
      Self.remove(partial)
      throw error
    }
    guard let opened = unsafe opened, let created = unsafe leveldb_writebatch_create() else {
      throw LevelDBError(call: "leveldb_open", file: partial, words: "no memory is left", advice: "free some")
    }
    (unsafe database, unsafe batch) = unsafe (opened, created)
    (self.path, self.partial) = (trimmed, partial)
  }

  deinit {
    unsafe leveldb_writebatch_destroy(batch)
    guard isOpen else { return }
    unsafe leveldb_close(database)
    Self.remove(partial)
  }

  /// Adds a record; a later one with the same key replaces it. Every 1000 records are written. Throws if that fails.
  public mutating func put(_ key: String, _ value: [UInt8]) throws(LevelDBError) {
    let key = Array(key.utf8)
    unsafe key.withUnsafeBytes { key in
      unsafe value.withUnsafeBytes { value in
        unsafe leveldb_writebatch_put(
          batch, key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count,
          value.baseAddress?.assumingMemoryBound(to: CChar.self), value.count)
      }
    }
    records += 1
    bytes += key.count + value.count
    if records >= Self.recordsPerBatch || bytes >= Self.bytesPerBatch { try commit(toDisk: false) }
  }

  private mutating func commit(toDisk: Bool) throws(LevelDBError) {
    let options = unsafe leveldb_writeoptions_create()
    defer { unsafe leveldb_writeoptions_destroy(options) }
    unsafe leveldb_writeoptions_set_sync(options, toDisk ? 1 : 0)
    try unsafe check("leveldb_write", partial, advice: "free some space on the disk and start again") {
      unsafe leveldb_write(database, options, batch, &$0)
    }
    unsafe leveldb_writebatch_clear(batch)
    (records, bytes) = (0, 0)
  }

  /// Writes what waits, and moves the finished database to its path. After this the writer is of no more use.
  public mutating func close() throws(LevelDBError) {
    guard isOpen else { return }
    try commit(toDisk: true)
    isOpen = false
    unsafe leveldb_close(database)
    guard unsafe rename(partial, path) == 0 else {
      let words = unsafe String(cString: strerror(errno))
      Self.remove(partial)
      throw LevelDBError(
        call: "rename", file: path, words: words, advice: "something else appeared there: choose another name")
    }
  }

  /// Removes a folder that LevelDB wrote, and says nothing if it is not there.
  public static func remove(_ folder: String) {
    let options = unsafe leveldb_options_create()
    defer { unsafe leveldb_options_destroy(options) }
    try? unsafe check("leveldb_destroy_db", folder) { unsafe leveldb_destroy_db(options, folder, &$0) }
    _ = unsafe rmdir(folder)
  }
}
