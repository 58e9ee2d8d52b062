/// The project's own files that tests read.
package enum ProjectFolder {
  /// The path of a file below the project's top folder, such as `prototxt/README.md`.
  package static func path(_ name: String) -> String {
    let top = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    return "\(top)/\(name)"
  }
}
