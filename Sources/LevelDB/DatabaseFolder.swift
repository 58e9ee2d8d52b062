import Glibc

/// The folder of a database, looked at before LevelDB opens it: LevelDB takes a log that is cut off for one whose writer died,
/// forgets the rest without a word, and then deletes the tables that nothing names any more.
struct DatabaseFolder {
  let path: String

  private func error(_ call: String, _ words: String, _ advice: String) -> LevelDBError {
    LevelDBError(call: call, file: path, words: words, advice: advice)
  }

  /// Throws unless the folder holds a database whose logs are whole, and which no other program has open.
  func check() throws(LevelDBError) {
    try checkKind()
    try checkLock()
    for name in try names() where name.hasPrefix("MANIFEST-") || name.hasSuffix(".log") {
      try LogFile(path: "\(path)/\(name)", folder: path, name: name).check()
    }
  }

  private func checkKind() throws(LevelDBError) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      throw error("stat", unsafe String(cString: strerror(errno)), "check the path, or build the database")
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw error("stat", "this is a file; a LevelDB is a folder with a file CURRENT inside", "name the folder")
    }
    guard unsafe access(path + "/CURRENT", F_OK) != 0 else { return }
    if unsafe access(path + "/data.mdb", F_OK) == 0 {
      throw error(
        "stat", "this is an LMDB folder (it holds data.mdb and no CURRENT)", "say backend: LMDB, or build a LevelDB")
    }
    throw error("stat", "the folder holds no file CURRENT", "name the folder that does, or build the database")
  }

  /// LevelDB's lock belongs to the process, and closing the file gives it up: this must not be called while this process has the
  /// database open.
  private func checkLock() throws(LevelDBError) {
    let descriptor = unsafe open(path + "/LOCK", O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var lock = flock()
    (lock.l_type, lock.l_whence) = (Int16(F_WRLCK), Int16(SEEK_SET))
    guard unsafe fcntl(descriptor, F_GETLK, &lock) == 0, lock.l_type != Int16(F_UNLCK) else { return }
    throw error(
      "fcntl", "process \(lock.l_pid) has it open, and LevelDB lets one program at a time open a database",
      "end that process, or give it a copy of the folder")
  }

  private func names() throws(LevelDBError) -> [String] {
    guard let folder = unsafe opendir(path) else {
      throw error("opendir", unsafe String(cString: strerror(errno)), "check the permissions of the folder")
    }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names.sorted()
  }
}

/// A file of records in blocks of 32 KiB, each record in fragments: a checksum of 4 bytes, a length of 2, a kind of 1, the bytes.
private struct LogFile {
  let path: String
  let folder: String
  let name: String

  private static let block = 32_768
  private static let header = 7
  /// The kinds of a fragment: a whole record, or its first, middle and last one.
  private static let whole = 1, first = 2, middle = 3, last = 4

  /// Throws if the file ends within a record.
  func check() throws(LevelDBError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw LevelDBError(
        call: "open", file: path, words: unsafe String(cString: strerror(errno)), advice: "check its permissions")
    }
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    var bytes: [UInt8] = Array(repeating: 0, count: Self.header)
    var position = 0, isInside = false
    while position < size {
      let left = Self.block - position % Self.block
      if left < Self.header {
        position += left
        continue
      }
      let count = unsafe bytes.withUnsafeMutableBytes {
        unsafe pread(descriptor, $0.baseAddress, Self.header, off_t(position))
      }
      guard count == Self.header else { throw cutOff(size) }
      let length = Int(bytes[4]) | Int(bytes[5]) << 8, kind = Int(bytes[6])
      guard (Self.whole...Self.last).contains(kind) else { return }  // what is no fragment, LevelDB finds and names
      isInside = kind == Self.first || kind == Self.middle
      position += Self.header + length
      guard position <= size else { throw cutOff(size) }
    }
    if isInside { throw cutOff(size) }
  }

  private func cutOff(_ size: Int) -> LevelDBError {
    LevelDBError(
      call: "read", file: folder, words: "truncated: \(name) ends within a record, after \(size) bytes",
      advice: "copy the database again or build it anew")
  }
}
