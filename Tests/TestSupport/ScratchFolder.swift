import Foundation

/// A folder of a test's own, removed with it.
package final class ScratchFolder {
  /// The folder.
  package let path: String

  /// Makes the folder.
  package init() throws {
    path = NSTemporaryDirectory() + "crema-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file inside.
  package func callAsFunction(_ name: String) -> String { path + "/" + name }

  /// What is inside, sorted.
  package var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// The bytes of a file.
package func contents(_ path: String) throws -> [UInt8] {
  [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: path)))
}

/// Writes bytes to a file.
package func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
  try Foundation.Data(bytes).write(to: URL(fileURLWithPath: path))
}
