import Crema
import LMDB
import Prototxt
import Scenes

/// Writes scenes as a Caffe LMDB.
struct SceneDatabase {
  let path: String
  let generator: SceneGenerator
  let count: Int

  /// Makes the scenes on all workers and writes them in the order of their index.
  ///
  /// - Throws: a database that exists or cannot be written.
  func write(on workers: Workers, progress: (Int) -> Void) throws {
    var writer = try Writer(creating: path)
    let block = 64 * workers.count
    for start in stride(from: 0, to: count, by: block) {
      let indices = start..<min(start + block, count)
      let records = workers.map(indices.count) { [generator] job in
        let scene = generator.scene(indices.lowerBound + job)
        return Datum.encoded(
          channels: 3, height: scene.side, width: scene.side, pixels: scene.pixels, label: scene.label)
      }
      for (index, record) in zip(indices, records) {
        let digits = String(index)
        try writer.put(String(repeating: "0", count: max(0, 8 - digits.count)) + digits, record)
      }
      progress(indices.upperBound)
    }
    try writer.close()
  }
}
