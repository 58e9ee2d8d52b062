import Crema
import Images
import Prototxt

/// Writes images that are made as a Caffe LMDB.
struct SceneDatabase {
  let path: String
  /// Rows, and columns, of every image.
  let side: Int
  let count: Int
  /// Makes the image with an index: its planes and its label.
  let record: @Sendable (Int) throws(ImageError) -> (pixels: [UInt8], label: Int)

  /// Makes the images on several threads and writes them in the order of their index.
  ///
  /// - Parameter progress: called with the number of images that are written.
  /// - Throws: a database that exists or cannot be written.
  func write(threads: Int, progress: (Int) -> Void) throws(Diagnostic) {
    var writer = try DatabaseBackend.lmdb.writer(creating: path)
    let work = OrderedWork(count: count, threads: threads) { [side, record] index in
      Result { () throws(ImageError) in
        let (pixels, label) = try record(index)
        return Datum.encoded(channels: 3, height: side, width: side, pixels: pixels, label: label)
      }
    }
    try work.run { index, record throws(Diagnostic) in
      do { try writer.put(zeroPadded(index, 8), try record.get()) } catch { throw Diagnostic("\(error)") }
      progress(index + 1)
    }
    do { try writer.close() } catch { throw Diagnostic("\(error)") }
  }
}
