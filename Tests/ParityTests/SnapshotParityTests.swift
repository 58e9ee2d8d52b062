import Crema
import Prototxt
import TestSupport
import Testing

/// What a training run writes, against the files that Caffe wrote in the same run.
@Suite struct SnapshotParityTests {
  /// The bytes of a caffemodel in which all weights are zero, and their number.
  private func emptied(_ path: String) throws -> (bytes: [UInt8], numbers: Int) {
    var net = try Message(binary: contents(path), as: CaffeSchema.net)
    var numbers = 0
    net.set(
      "layer",
      net.messages("layer").map { layer in
        var layer = layer
        layer.set(
          "blobs",
          layer.messages("blobs").map { blob in
            var blob = blob
            for part in ["data", "diff"] {
              numbers += blob.count(part)
              blob.set(part, [Float](repeating: 0, count: blob.count(part)))
            }
            return blob
          })
        return layer
      })
    return (net.binary(), numbers)
  }

  @Test(arguments: [("snapshot_binaryproto", "snap_iter_10"), ("snapshot_diff", "snap_iter_3")])
  func modelsHaveTheBytesOfCaffe(_ run: String, _ name: String) throws {
    let training = try Training("training/\(run)/solver.prototxt", root: "training")
    defer { training.clean() }
    try training.solver.solve()
    let (ours, theirs) = (
      "\(training.folder)/\(name).caffemodel", FixtureFolder.path("training/\(run)/\(name).caffemodel")
    )
    #expect(try contents(ours).count == contents(theirs).count)
    let (found, wanted) = (try emptied(ours), try emptied(theirs))
    #expect(found.bytes == wanted.bytes)
    #expect(found.numbers == wanted.numbers)
    #expect(found.numbers > 2000)
  }
}
