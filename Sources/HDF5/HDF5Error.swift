import CHDF5

/// What went wrong with an HDF5 file: the call, the file and the place in it, the reason, and what to do about it.
public struct HDF5Error: Error, CustomStringConvertible, Equatable, Sendable {
  /// The function that failed, for example `H5Dread`.
  public let call: String
  /// The file, as given.
  public let file: String
  /// The group, dataset or attribute inside the file; empty if the file as a whole is meant.
  public let place: String
  /// What the call answered: negative for a failure of the library, 0 if Crema refuses what it found.
  public let code: Int
  /// What was found, in words; the innermost words of HDF5's own error stack if it failed.
  public let words: String
  /// What to do about it.
  public let advice: String

  /// One sentence for each: what failed and why, and what to do.
  public var description: String {
    let at = place.isEmpty ? "" : ", '\(place)'"
    return "HDF5 '\(file)'\(at): \(words) (\(call)); \(advice)"
  }
}

/// The innermost description on HDF5's error stack: the cause, where the outer ones say what it prevented.
func innermostWords() -> String {
  var words = ""
  _ = unsafe withUnsafeMutablePointer(to: &words) { pointer in
    unsafe H5Ewalk2(
      hid_t(H5E_DEFAULT), H5E_WALK_UPWARD,
      { index, error, context in
        guard index == 0, let text = unsafe error?.pointee.desc else { return 0 }
        unsafe context?.assumingMemoryBound(to: String.self).pointee = unsafe String(cString: text)
        return 0
      }, pointer)
  }
  return words.isEmpty ? "the library gives no reason" : systemWords(in: words) ?? words
}

/// The system's reason, where HDF5 quotes it amid the call's arguments: `..., error message = 'No such file or directory', ...`.
private func systemWords(in words: String) -> String? {
  guard let start = words.firstRange(of: "error message = '")?.upperBound, let end = words[start...].firstIndex(of: "'")
  else { return nil }
  return String(words[start..<end])
}
