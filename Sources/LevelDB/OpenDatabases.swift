import CLevelDB
import Glibc
import Synchronization

/// The databases that this process has open for reading: LevelDB opens a folder once, however many read it.
enum OpenDatabases {
  private struct Entry {
    /// The bits of the `leveldb_t *`, which all threads may use.
    var address: Int
    var users: Int
  }

  private static let entries = Mutex<[String: Entry]>([:])

  /// The right to use a database, which ends with `leave`.
  struct Membership: Sendable {
    fileprivate let name: String
  }

  /// Checks and opens the folder, or joins those who have it open. Whoever calls this must call `leave`.
  static func join(_ folder: String) throws(LevelDBError) -> (Membership, OpaquePointer) {
    let name = realName(of: folder)
    let address = try entries.withLock { entries throws(LevelDBError) -> Int in
      if let entry = entries[name] {
        entries[name]?.users += 1
        return entry.address
      }
      try DatabaseFolder(path: folder).check()
      let handle = try unsafe open(folder)
      let address = Int(bitPattern: handle)
      entries[name] = Entry(address: address, users: 1)
      return address
    }
    guard let handle = unsafe OpaquePointer(bitPattern: address) else {
      throw LevelDBError(call: "leveldb_open", file: folder, words: "it gave nothing", advice: "check the path")
    }
    return unsafe (Membership(name: name), handle)
  }

  /// Ends what `join` began; the last one closes the database.
  static func leave(_ member: Membership) {
    entries.withLock { entries in
      guard var entry = entries[member.name] else { return }
      entry.users -= 1
      entries[member.name] = entry.users > 0 ? entry : nil
      if entry.users == 0, let handle = unsafe OpaquePointer(bitPattern: entry.address) {
        unsafe leveldb_close(handle)
      }
    }
  }

  private static func open(_ folder: String) throws(LevelDBError) -> OpaquePointer {
    let options = unsafe leveldb_options_create()
    defer { unsafe leveldb_options_destroy(options) }
    unsafe leveldb_options_set_max_open_files(options, 100)
    unsafe leveldb_options_set_paranoid_checks(options, 1)
    let handle = try unsafe check("leveldb_open", folder) { unsafe leveldb_open(options, folder, &$0) }
    guard let handle = unsafe handle else {
      throw LevelDBError(call: "leveldb_open", file: folder, words: "it gave nothing", advice: "check the path")
    }
    return unsafe handle
  }

  private static func realName(of folder: String) -> String {
    guard let name = unsafe realpath(folder, nil) else { return folder }
    defer { unsafe free(name) }
    return unsafe String(cString: name)
  }
}
