/// The recordings of real Caffe that tests compare with.
public enum FixtureFolder {
  /// The path of a recording, such as `fillers/uniform.h5`.
  public static func path(_ name: String) -> String {
    let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    return "\(tests)/ParityTests/Fixtures/\(name)"
  }
}
