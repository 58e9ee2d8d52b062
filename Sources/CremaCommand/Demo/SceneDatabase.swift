import Crema
import Images
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

  /// Makes the scenes on several threads and writes them in the order of their index.
  ///
  /// - Parameter progress: called with the number of scenes that are written.
  /// - Throws: a database that exists or cannot be written.
  func write(threads: Int, progress: (Int) -> Void) throws(Diagnostic) {
    var writer = try DatabaseBackend.lmdb.writer(creating: path)
    let work = OrderedWork(count: count, threads: threads) { [generator, record] index in
      let scene = generator.scene(index)
      return Result { () throws(ImageError) in
        let (pixels, label) = try record(scene, index)
        return Datum.encoded(channels: 3, height: scene.side, width: scene.side, pixels: pixels, label: label)
      }
    }
    try work.run { index, record throws(Diagnostic) in
      do { try writer.put(zeroPadded(index, 8), try record.get()) } catch { throw Diagnostic("\(error)") }
      progress(index + 1)
    }
    do { try writer.close() } catch { throw Diagnostic("\(error)") }
  }
}
