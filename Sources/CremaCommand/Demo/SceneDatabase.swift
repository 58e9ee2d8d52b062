import Crema
import Images
import LMDB
import Prototxt

/// Writes images that are made as a Caffe LMDB.
struct SceneDatabase {
  let path: String
  /// Rows, and columns, of every image.
  let side: Int
  let count: Int
  /// Makes the image with an index: its planes and its label.
  let record: @Sendable (Int) throws(ImageError) -> (pixels: [UInt8], label: Int)

  /// Makes the images on all workers and writes them in the order of their index.
  ///
  /// - Throws: a database that exists or cannot be written.
  func write(on workers: Workers, progress: (Int) -> Void) throws {
    var writer = try Writer(creating: path)
    let block = 64 * workers.count
    for start in stride(from: 0, to: count, by: block) {
      let indices = start..<min(start + block, count)
      let records = workers.map(indices.count) { [side, record] job in
        Result { () throws(ImageError) in
          let (pixels, label) = try record(indices.lowerBound + job)
          return Datum.encoded(channels: 3, height: side, width: side, pixels: pixels, label: label)
        }
      }
      for (index, record) in zip(indices, records) {
        let digits = String(index)
        try writer.put(String(repeating: "0", count: max(0, 8 - digits.count)) + digits, try record.get())
      }
      progress(indices.upperBound)
    }
    try writer.close()
  }
}
