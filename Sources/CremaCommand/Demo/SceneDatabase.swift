import Crema
import LMDB
import Prototxt
import Scenes
import Synchronization

/// Writes scenes as a Caffe LMDB.
struct SceneDatabase {
  let path: String
  let generator: SceneGenerator
  let count: Int
  /// The label of each scene.
  var label: @Sendable (Scene) -> Int = { $0.label }

  /// Makes the scenes on all workers and writes them in the order of their index.
  ///
  /// - Throws: a database that exists or cannot be written.
  func write(on workers: Workers, progress: (Int) -> Void) throws {
    var writer = try Writer(creating: path)
    let block = 64 * workers.count
    for start in stride(from: 0, to: count, by: block) {
      let indices = start..<min(start + block, count)
      let records = Mutex([Int: [UInt8]]())
      workers.run(indices.count) { [generator, label] _, job in
        let scene = generator.scene(indices.lowerBound + job)
        let record = Datum.encoded(
          channels: 3, height: scene.side, width: scene.side, pixels: scene.pixels, label: label(scene))
        records.withLock { $0[job] = record }
      }
      let made = records.withLock { $0 }
      for job in 0..<indices.count {
        guard let record = made[job] else { continue }
        let digits = String(indices.lowerBound + job)
        try writer.put(String(repeating: "0", count: max(0, 8 - digits.count)) + digits, record)
      }
      progress(indices.upperBound)
    }
    try writer.close()
  }
}
