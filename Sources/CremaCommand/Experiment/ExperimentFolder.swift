import Crema
import Foundation
import Prototxt

/// The folder that an experiment keeps its state in: databases, runs, tables.
///
///     data/scenes-1-3072-kind/        a database that was made
///     runs/NETWORK/DATASET/seed-1/    run.prototxt: what is trained; snapshots, loss.csv; then trained.caffemodel, or diverged.json;
///                                     then test-DATASET.json
///     NAME.md NAME.csv NAME.json      the tables of the experiments that worked here
struct ExperimentFolder {
  let path: String
  private let lock: FolderLock

  /// Makes the folder, if it is missing, keeps other processes out of it, and removes what a killed one left half written.
  ///
  /// - Throws: a folder that cannot be made, or in which another process works.
  init(_ path: String) throws(Diagnostic) {
    self.path = path
    for part in ["data", "runs"] { try Self.make("\(path)/\(part)") }
    lock = try FolderLock("\(path)/lock")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where name.hasSuffix(".part") { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }
  }

  /// Makes a folder and those around it.
  static func make(_ path: String) throws(Diagnostic) {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw Diagnostic("cannot make the folder '\(path)': \(error.localizedDescription)")
    }
  }

  /// The path of generated images.
  func database(_ images: GeneratedImages) -> String { "\(path)/data/\(images.folderName)" }

  /// The path of a source's database.
  func database(_ source: Experiment.Source) -> String {
    switch source {
    case .database(let path): path
    case .generated(let images): database(images)
    }
  }

  /// A source's name in files: of images that were made without the folder, which may be moved.
  func name(of source: Experiment.Source) -> String {
    switch source {
    case .database(let path): path
    case .generated(let images): images.folderName
    }
  }

  /// A text about this folder without its path.
  func withoutPath(_ text: String) -> String { text.replacing("\"\(path)/", with: "\"") }

  /// The folder of a run.
  func run(network: String, dataSet: String, seed: Int) -> String {
    "\(path)/runs/\(Self.fileName(network))/\(Self.fileName(dataSet))/seed-\(seed)"
  }

  /// A name in which all but letters, digits, dots and dashes are underscores, in small letters.
  static func fileName(_ name: String) -> String {
    let text = String(
      name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) ? $0 : "_" })
    return text.allSatisfy { $0 == "." } ? text.replacing(".", with: "_") : text
  }
}

/// A file that one process at a time holds locked, until it ends.
private final class FolderLock {
  private let descriptor: CInt

  init(_ path: String) throws(Diagnostic) {
    descriptor = System.openLocked(path)
    guard descriptor >= 0 else {
      throw Diagnostic(
        "another process works in this folder, or '\(path)' cannot be written (\(System.lastError)); wait for it, or give another "
          + "--folder")
    }
  }

  deinit { System.close(descriptor) }
}
