import Prototxt

/// A number with zeros in front, as keys have it.
package func zeroPadded(_ number: Int, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// The keys of a database of images.
package enum DatabaseKeys {
  /// The keys of all records as text, in order; in hexadecimal digits where they are none.
  ///
  /// - Throws: a database that cannot be read or has no records.
  package static func all(of path: String) throws(Diagnostic) -> [String] {
    var cursor = try (DatabaseBackend(of: path) ?? .lmdb).cursor(path)
    var keys: [String] = []
    do {
      while let key = try cursor.next({ key, _ in withBytes(of: key) { text(ofKey: $0) } }) { keys.append(key) }
    } catch { throw Diagnostic("\(error)") }
    return keys
  }

  /// The number of records of a database.
  ///
  /// - Throws: a database that cannot be read or has no records.
  package static func count(of path: String) throws(Diagnostic) -> Int {
    var cursor = try (DatabaseBackend(of: path) ?? .lmdb).cursor(path), count = 0
    if let known = cursor.knownCount { return known }
    do {
      while try cursor.next({ _, _ in }) != nil { count += 1 }
    } catch { throw Diagnostic("\(error)") }
    return count
  }
}
