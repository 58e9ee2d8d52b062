import Crema
import Datasets
import Foundation
import Images
import Scenes

/// What the labels of generated images say, and so which images there are.
enum GeneratedLabels: String, CaseIterable {
  /// What was done to the image: 0 nothing, 1 median filter, 2 resampling, 3 a generator's upsampling.
  case kind = "KIND"
  /// 0 nothing, 1 anything.
  case fake = "FAKE"
  /// One of eight origins, in the order of `Origin`: three cameras, five manipulations.
  case origin = "ORIGIN"

  /// Images in a row, from an index that this divides, that hold each label, and so go through one operation.
  var block: Int { self == .origin ? 8 : 6 }

  /// What makes the image of an index.
  func maker(seed: UInt64) -> @Sendable (Int) throws(ImageError) -> (pixels: [UInt8], label: Int) {
    switch self {
    case .kind, .fake:
      let generator = SceneGenerator(seed: seed), isKind = self == .kind
      return { index throws(ImageError) in
        let scene = generator.scene(index)
        return (scene.pixels, isKind ? Kind.allCases.firstIndex(of: scene.kind) ?? 0 : scene.label)
      }
    case .origin:
      let generator = OriginGenerator(seed: seed)
      return { index throws(ImageError) in
        let scene = try generator.scene(index)
        return (scene.pixels, Origin.allCases.firstIndex(of: scene.origin) ?? 0)
      }
    }
  }
}

/// Images that are made for an experiment.
struct GeneratedImages: Equatable {
  /// The distance between the seeds of images to train on and to test on.
  static let testOffset: UInt64 = 1_000_000
  /// Rows, and columns, of every image.
  private static let side = 128

  let seed: UInt64
  let count: Int
  let labels: GeneratedLabels
  /// What images go through, block by block in turn; at least one.
  let operations: [OperationRule]

  /// The folder of their database, which tells everything about it.
  var folderName: String {
    let names = operations.map(\.name).filter { $0 != "Raw" || operations.count > 1 }
    return ExperimentFolder.fileName(
      (["scenes", "\(seed)", "\(count)", labels.rawValue] + names).joined(separator: "-"))
  }

  /// Makes the database, unless it is there.
  ///
  /// - Throws: what prevents the writing.
  func make(at path: String, on workers: Workers, progress: (Int) -> Void) throws {
    guard !FileManager.default.fileExists(atPath: path) else { return }
    try? FileManager.default.removeItem(atPath: path + ".partial")
    let make = labels.maker(seed: seed)
    let database = SceneDatabase(path: path, side: Self.side, count: count) { index throws(ImageError) in
      let made = try make(index)
      return (try processed(made.pixels, index), made.label)
    }
    try database.write(threads: workers.count, progress: progress)
  }

  /// The planes of an image behind the operation that its index draws.
  private func processed(_ planes: [UInt8], _ index: Int) throws(ImageError) -> [UInt8] {
    let operation = operations[index / labels.block % operations.count].operation(
      ContentHash.number(seed, UInt64(index)))
    guard operation != .none else { return planes }
    let side = Self.side, area = side * side
    let pixels = (0..<3 * area).map { planes[$0 % 3 * area + $0 / 3] }
    let image = Image(width: side, height: side, channels: 3, pixels: pixels)
    return try operation(image).resized(width: side, height: side).planar()
  }
}
