import CLMDB
import Glibc

/// The file `data.mdb` of a database, looked at before LMDB maps it: LMDB trusts it, and a page that the map promises
/// and the file lacks would end the process when it is read.
struct DatabaseFile {
  private let folder: String
  private let path: String

  /// Throws unless the folder holds a whole `data.mdb`.
  static func check(folder: String) throws(LMDBError) {
    let file = DatabaseFile(folder: folder, path: folder + "/data.mdb")
    try file.checkFolder()
    try file.checkPages()
  }

  private func error(_ call: String, _ code: CInt, _ words: String, _ advice: String, file: String? = nil) -> LMDBError
  {
    LMDBError(call: call, file: file ?? path, code: code, words: words, advice: advice)
  }

  private func checkFolder() throws(LMDBError) {
    switch kind(of: folder) {
    case .missing(let code):
      throw error("stat", code, "there is no such folder", "check the path, or build the database", file: folder)
    case .file:
      throw error(
        "stat", ENOTDIR, "this is a file; an LMDB is a folder with a data.mdb inside", "name the folder", file: folder)
    case .folder: break
    }
    guard case .missing(let code) = kind(of: path) else { return }
    if case .file = kind(of: folder + "/CURRENT") {
      throw error(
        "stat", code, "this is a LevelDB folder (it holds CURRENT and no data.mdb)",
        "say backend: LEVELDB, or build an LMDB", file: folder)
    }
    throw error(
      "stat", code, "the folder holds no data.mdb", "name the folder that does, or build the database", file: folder)
  }

  private func checkPages() throws(LMDBError) {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      throw LMDBError(call: "open", file: path, code: code)
    }
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    guard size > 0 else {
      throw error("read", MDB_INVALID, "the file is empty", "copy the database again or build it anew")
    }
    let first = try metaPage(at: 0, of: descriptor, size: size)
    let second = try metaPage(at: first.pageSize, of: descriptor, size: size)
    let newest = second.transaction > first.transaction ? second : first
    let (pages, tooMany) = newest.lastPage.addingReportingOverflow(1)
    let (bytes, tooLarge) = pages.multipliedReportingOverflow(by: UInt64(first.pageSize))
    guard !tooMany, !tooLarge, bytes <= UInt64(size) else {
      throw truncated("its meta page promises \(pages) pages of \(first.pageSize) bytes = \(bytes) bytes", size)
    }
  }

  private func truncated(_ promise: String, _ size: Int) -> LMDBError {
    error(
      "read", MDB_CORRUPTED, "truncated: \(promise), the file has \(size)", "copy the database again or build it anew")
  }

  private struct MetaPage {
    let pageSize: Int
    let lastPage: UInt64
    let transaction: UInt64
  }

  /// The numbers of interest of one of the two meta pages, which start the file.
  private func metaPage(at offset: Int, of descriptor: CInt, size: Int) throws(LMDBError) -> MetaPage {
    let needed = 16 + 136  // the page's header and LMDB's meta structure, for 64-bit machines
    guard size >= offset + needed else { throw truncated("a database starts with two meta pages", size) }
    var bytes = [UInt8](repeating: 0, count: needed)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, needed, off_t(offset)) }
    guard count == needed else {
      let code = errno
      throw LMDBError(call: "read", file: path, code: code)
    }
    func number(_ offset: Int, bytes width: Int) -> UInt64 {
      (0..<width).reduce(0) { $0 | UInt64(bytes[16 + offset + $1]) << UInt64(8 * $1) }
    }
    guard number(0, bytes: 4) == 0xBEEF_C0DE else {
      throw error("read", MDB_INVALID, "this is not an LMDB (its meta page lacks the magic number)", "check the path")
    }
    guard number(4, bytes: 4) == 1 else {
      throw error(
        "read", MDB_VERSION_MISMATCH, "its format has version \(number(4, bytes: 4)); version 1 is wanted",
        "build the database anew with LMDB 0.9")
    }
    let pageSize = Int(number(24, bytes: 4))
    guard pageSize >= 512, pageSize <= 65536, pageSize & (pageSize - 1) == 0 else {
      throw error(
        "read", MDB_CORRUPTED, "its meta page says pages have \(pageSize) bytes",
        "copy the database again or build it anew")
    }
    return MetaPage(pageSize: pageSize, lastPage: number(120, bytes: 8), transaction: number(128, bytes: 8))
  }
}

/// What a path leads to.
enum PathKind {
  case folder
  case file
  /// Nothing, or nothing that can be looked at: the `errno`.
  case missing(CInt)
}

/// What is at the path, links followed.
func kind(of path: String) -> PathKind {
  var info = stat()
  guard unsafe stat(path, &info) == 0 else { return .missing(errno) }
  return info.st_mode & S_IFMT == S_IFDIR ? .folder : .file
}
