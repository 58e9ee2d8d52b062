import Foundation
import Prototxt

/// A dataset's folder, which appears when all of it is written.
final class DatasetFolder {
  private let folder: String
  private let temporary: String
  private let replaces: Bool
  private var isFinished = false

  /// Starts a folder.
  ///
  /// - Throws: one that exists and may not be replaced, or that cannot be made.
  init(_ folder: String, overwrites: Bool) throws(Diagnostic) {
    self.folder = folder
    let files = FileManager.default
    replaces = files.fileExists(atPath: folder)
    guard !replaces || overwrites else {
      throw Diagnostic("'\(folder)' exists already; choose another name, delete it, or say --overwrite")
    }
    guard !replaces || files.fileExists(atPath: folder + "/classes.txt") else {
      throw Diagnostic("'\(folder)' exists and is no dataset (it has no classes.txt), so it is not replaced")
    }
    temporary = "\(folder).\(ProcessInfo.processInfo.processIdentifier).part"
    do { try files.createDirectory(atPath: temporary, withIntermediateDirectories: true) } catch {
      throw Diagnostic("cannot make the folder '\(temporary)': \(error.localizedDescription)")
    }
  }

  deinit {
    if !isFinished { try? FileManager.default.removeItem(atPath: temporary) }
  }

  /// The path of a file or folder in it, whose own folder is made.
  func path(_ name: String) throws(Diagnostic) -> String {
    let path = "\(temporary)/\(name)"
    do {
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    } catch { throw Diagnostic("cannot make a folder for '\(path)': \(error.localizedDescription)") }
    return path
  }

  /// Puts the folder in its place.
  func finish() throws(Diagnostic) {
    do {
      if replaces { try FileManager.default.removeItem(atPath: folder) }
      try FileManager.default.moveItem(atPath: temporary, toPath: folder)
    } catch { throw Diagnostic("cannot put '\(folder)' in its place: \(error.localizedDescription)") }
    isFinished = true
  }
}
