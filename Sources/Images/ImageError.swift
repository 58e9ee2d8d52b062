/// What went wrong with an image: the call, the file, the code, the reason in words, and what to do about it.
public struct ImageError: Error, CustomStringConvertible, Equatable, Sendable {
  /// The function that failed, for example `png_read_image`.
  public let call: String
  /// The file; empty for bytes in memory.
  public let file: String
  /// A code of `CImages`, or an `errno` if a file could not be read.
  public let code: Int32
  /// What was found, in words; the library's own if it said something.
  public let words: String
  /// What to do about it.
  public let advice: String

  /// One sentence for each: what failed and why, and what to do.
  public var description: String {
    "image\(file.isEmpty ? "" : " '\(file)'"): \(words) (\(call), code \(code)); \(advice)"
  }
}
