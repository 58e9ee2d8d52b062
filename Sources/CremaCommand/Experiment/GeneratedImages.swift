import Crema
import Foundation
import Scenes

/// What the labels of generated images say.
enum GeneratedLabels: String, CaseIterable {
  /// What was done to the image: 0 nothing, 1 median filter, 2 resampling, 3 a generator's upsampling.
  case kind = "KIND"
  /// 0 nothing, 1 anything.
  case fake = "FAKE"

  /// The label of a scene.
  func label(_ scene: Scene) -> Int {
    switch self {
    case .kind: Kind.allCases.firstIndex(of: scene.kind) ?? 0
    case .fake: scene.label
    }
  }
}

/// Images that are made for an experiment.
struct GeneratedImages: Equatable {
  /// The distance between the seeds of images to train on and to test on.
  static let testOffset: UInt64 = 1_000_000

  let seed: UInt64
  let count: Int
  let labels: GeneratedLabels

  /// The folder of their database, which tells everything about it.
  var folderName: String { "scenes-\(seed)-\(count)-\(labels.rawValue.lowercased())" }

  /// Makes the database, unless it is there.
  ///
  /// - Throws: what prevents the writing.
  func make(at path: String, on workers: Workers, progress: (Int) -> Void) throws {
    guard !FileManager.default.fileExists(atPath: path) else { return }
    try? FileManager.default.removeItem(atPath: path + ".partial")
    try SceneDatabase(path: path, generator: SceneGenerator(seed: seed), count: count, label: { labels.label($0) })
      .write(on: workers, progress: progress)
  }
}
