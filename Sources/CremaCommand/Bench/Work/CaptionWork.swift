import Crema
import Foundation
import HDF5

/// Training steps of a recurrent net.
enum CaptionWork {
  private static let batches = 8

  /// A file of random words, and the list that names it.
  static func prepare(_ context: BenchContext) throws {
    let (list, path) = (context.path("captions.txt"), context.path("captions.h5"))
    guard !InputEnvironment.exists(list) else { return }
    let steps = CaptionNet.steps * batches, count = steps * CaptionNet.sequences
    var generator = SeededBytes(state: 1)
    let bytes = generator.bytes(2 * count).map(Int.init)
    let words = (0..<count).map { Float((bytes[2 * $0] * 256 + bytes[2 * $0 + 1]) % CaptionNet.words) }
    let goesOn = (0..<count).map { Float($0 / CaptionNet.sequences % CaptionNet.steps == 0 ? 0 : 1) }
    let file = try HDF5File(creating: path), shape = [steps, CaptionNet.sequences]
    try file.write(goesOn, shape: shape, to: "cont")
    try file.write(words, shape: shape, to: "words")
    try file.write(Array(words.dropFirst()) + [0], shape: shape, to: "next")
    try file.close()
    try "\(path)\n".write(toFile: list, atomically: true, encoding: .utf8)
  }

  /// A solver's iterations.
  static func step(_ context: BenchContext) throws -> Measurement {
    let net = try context.write(CaptionNet.training(source: context.path("captions.txt")), "train_val.prototxt")
    return try NetWork.step(net, momentum: "0.9", decay: "0.0005", context)
  }
}
