import LMDB
import Prototxt

/// The keys of a database of images.
package enum DatabaseKeys {
  /// The keys of all records as text, in order; in hexadecimal digits where they are none.
  ///
  /// - Throws: a database that cannot be read.
  package static func all(of path: String) throws(Diagnostic) -> [String] {
    do {
      var cursor = try Cursor(path: path), keys: [String] = []
      keys.reserveCapacity(cursor.count)
      while let key = try cursor.next({ key, _ in withBytes(of: key) { text(ofKey: $0) } }) { keys.append(key) }
      return keys
    } catch { throw Diagnostic("\(error)") }
  }
}
