import Images
import Prototxt

/// What the records at the start of a database hold: the sizes of their images, and their labels.
package struct DatabaseSurvey: Sendable {
  /// How often something occurs, and the key of the first record with it.
  package struct Occurrence: Sendable {
    /// The number of records.
    package var count = 0
    /// The first one.
    package let key: String
  }

  /// The number of records in the database, if its library knows it.
  package let total: Int?
  /// How many were looked at.
  package private(set) var records = 0
  /// Each label.
  package private(set) var labels: [Int32: Occurrence] = [:]
  /// The sizes of images: channels x height x width. Of image files only the first ones are decoded.
  package private(set) var sizes: [String: Occurrence] = [:]
  /// Image files that are damaged and used all the same, with what is wrong with the first one.
  package private(set) var damaged: (count: Int, first: String)?

  /// So many image files are decoded.
  private static let decodings = 500

  /// Looks at the first records of a database.
  ///
  /// - Parameters:
  ///   - most: how many; nil for all.
  ///   - progress: called with the number of records that were looked at.
  /// - Throws: a database that cannot be read, the first record that is damaged; the message has its key.
  package init(of path: String, most: Int?, progress: (Int) -> Void = { _ in }) throws(Diagnostic) {
    var cursor = try (DatabaseBackend(of: path) ?? .lmdb).cursor(path)
    total = cursor.knownCount
    var failure: Diagnostic?
    do {
      while failure == nil, records < most ?? .max {
        let found: Void? = try cursor.next { key, value in
          let key = withBytes(of: key) { text(ofKey: $0) }
          do throws(Diagnostic) {
            try withBytes(of: value) { record throws(Diagnostic) in try add(record, key) }
          } catch { failure = Diagnostic("database '\(path)', record '\(key)': \(error.message)") }
        }
        guard found != nil else { break }
        progress(records)
      }
    } catch { throw Diagnostic("\(error)") }
    if let failure { throw failure }
  }

  private mutating func add(_ record: Span<UInt8>, _ key: String) throws(Diagnostic) {
    let datum = try Datum(record)
    labels[datum.label, default: Occurrence(key: key)].count += 1
    if !datum.isEncoded {
      try datum.checkCounts()
      sizes[datum.sizes, default: Occurrence(key: key)].count += 1
    } else if records < Self.decodings {
      do throws(ImageError) {
        let image = try unsafe Image(bytes: record.extracting(datum.bytes).bytes, mode: .unchanged)
        sizes["\(image.channels)x\(image.height)x\(image.width)", default: Occurrence(key: key)].count += 1
        if let damage = image.damage { damaged = ((damaged?.count ?? 0) + 1, damaged?.first ?? "'\(key)': \(damage)") }
      } catch {
        throw Diagnostic("its \(datum.bytes.count) bytes are no image that can be decoded: \(error)")
      }
    }
    records += 1
  }
}
