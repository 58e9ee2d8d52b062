import Crema
import Images
import LMDB
import Prototxt
import Scenes

/// Writes scenes as a Caffe LMDB.
struct SceneDatabase {
  let path: String
  let generator: SceneGenerator
  let count: Int
  /// What becomes of a scene and its index: the planes and the label of the record.
  var record: @Sendable (Scene, Int) throws(ImageError) -> (pixels: [UInt8], label: Int) = { scene, _ in
    (scene.pixels, scene.label)
  }

  /// Makes the scenes on all workers and writes them in the order of their index.
  ///
  /// - Throws: a database that exists or cannot be written.
  func write(on workers: Workers, progress: (Int) -> Void) throws {
    var writer = try Writer(creating: path)
    let block = 64 * workers.count
    for start in stride(from: 0, to: count, by: block) {
      let indices = start..<min(start + block, count)
      let records = workers.map(indices.count) { [generator, record] job in
        let index = indices.lowerBound + job, scene = generator.scene(index)
        return Result { () throws(ImageError) in
          let (pixels, label) = try record(scene, index)
          return Datum.encoded(channels: 3, height: scene.side, width: scene.side, pixels: pixels, label: label)
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
