import LMDB
import LevelDB
import Prototxt

/// A library that keeps records in a folder, in the order of their keys' bytes.
public enum DatabaseBackend: String, CaseIterable, Sendable {
  /// One file `data.mdb`.
  case lmdb
  /// A file `CURRENT` and many others.
  case leveldb

  /// Writers write their records in groups of this many, as Caffe's tools do.
  package static let recordsPerCommit = LMDB.Writer.recordsPerTransaction

  /// The backend whose database is in a folder; nil if there is none.
  package init?(of folder: String) {
    if InputEnvironment.exists(folder + "/data.mdb") {
      self = .lmdb
    } else if InputEnvironment.exists(folder + "/CURRENT") {
      self = .leveldb
    } else {
      return nil
    }
  }

  /// The name of the enumeration's value in a prototxt.
  package var enumeration: String { rawValue.uppercased() }

  /// The name of its databases in messages, with an article.
  package var noun: String {
    switch self {
    case .lmdb: "an LMDB"
    case .leveldb: "a LevelDB"
    }
  }

  /// Logs what Caffe logs when it opens a database.
  package func logOpening(_ path: String, _ log: Log) {
    switch self {
    case .lmdb: log.info("db_lmdb.cpp", 35, "Opened lmdb \(path)")
    case .leveldb: log.info("db_leveldb.cpp", 18, "Opened leveldb \(path)")
    }
  }

  /// A cursor before the first record of a database.
  ///
  /// - Throws: a database that is missing, damaged, in use elsewhere or empty.
  package func cursor(_ path: String, at location: SourceLocation? = nil) throws(Diagnostic) -> any RecordCursor
    & ~Copyable
  {
    let cursor = try open(path, at: location)
    guard !cursor.isEmpty else {
      throw Diagnostic("the database '\(path)' has no records; build it anew", at: location)
    }
    return cursor
  }

  private func open(_ path: String, at location: SourceLocation?) throws(Diagnostic) -> any RecordCursor & ~Copyable {
    do {
      switch self {
      case .lmdb: return try LMDB.Cursor(path: path)
      case .leveldb: return try LevelDB.Cursor(path: path)
      }
    } catch { throw Diagnostic("\(error)", at: location) }
  }

  /// A writer of a new database, which appears at its path when it is closed.
  ///
  /// - Throws: a path at which something is, or a folder that cannot be made.
  package func writer(creating path: String) throws(Diagnostic) -> any RecordWriter & ~Copyable {
    do {
      switch self {
      case .lmdb: return try LMDB.Writer(creating: path)
      case .leveldb: return try LevelDB.Writer(creating: path)
      }
    } catch { throw Diagnostic("\(error)") }
  }
}

/// A place in the order of a database's records. It stays on the thread that made it.
package protocol RecordCursor: ~Copyable {
  /// Whether there are no records.
  var isEmpty: Bool { get }

  /// The number of records, if the library knows it.
  var knownCount: Int? { get }

  /// Whether it was opened without a lock, so that nobody may write the database meanwhile.
  var openedWithoutLock: Bool { get }

  /// Moves to the next record (at the start: the first) and lends its bytes to `body`; nil after the last.
  ///
  /// - Throws: what the library says, or what `body` throws.
  mutating func next<R>(_ body: (_ key: RawSpan, _ value: RawSpan) throws -> R) throws -> R?

  /// Moves back to the first record and lends its bytes to `body`; nil if there is none.
  ///
  /// - Throws: what the library says, or what `body` throws.
  mutating func first<R>(_ body: (_ key: RawSpan, _ value: RawSpan) throws -> R) throws -> R?
}

/// A database that is being built. It stays on the thread that made it, and removes what it wrote if it is not closed.
package protocol RecordWriter: ~Copyable {
  /// Adds a record; a later one with the same key replaces it.
  ///
  /// - Throws: what the library says.
  mutating func put(_ key: String, _ value: [UInt8]) throws

  /// Writes what waits, and moves the finished database to its path.
  ///
  /// - Throws: what the library says.
  mutating func close() throws
}

extension LMDB.Cursor: RecordCursor {
  /// LMDB counts.
  package var knownCount: Int? { count }
}

extension LevelDB.Cursor: RecordCursor {
  /// LevelDB does not count.
  package var knownCount: Int? { nil }

  /// LevelDB always locks.
  package var openedWithoutLock: Bool { false }
}

extension LMDB.Writer: RecordWriter {}

extension LevelDB.Writer: RecordWriter {}
