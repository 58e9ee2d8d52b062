import Glibc

/// Floating-point numbers as protocol-buffer text.
public enum NumberText {
  /// Six significant digits, or nine if six do not read back as the same number; `inf`, `-inf`, `nan`.
  public static func text(_ number: Float) -> String {
    if let whole = Int32(exactly: number), whole != 0, (-999_999...999_999).contains(whole) { return String(whole) }
    let short = format(Double(number), digits: 6)
    guard number.isFinite else { return number.isNaN ? "nan" : short }
    return Double(short).map { Float($0) } == number ? short : format(Double(number), digits: 9)
  }

  /// Fifteen significant digits, or seventeen if fifteen do not read back as the same number; `inf`, `-inf`, `nan`.
  public static func text(_ number: Double) -> String {
    let short = format(number, digits: 15)
    guard number.isFinite else { return number.isNaN ? "nan" : short }
    return Double(short) == number ? short : format(number, digits: 17)
  }

  /// As C's `%.*g`.
  public static func format(_ number: Double, digits: Int) -> String {
    let capacity = 400
    return unsafe String(unsafeUninitializedCapacity: capacity) { buffer in
      let count = unsafe withVaList([Int32(digits), number]) { arguments in
        unsafe buffer.withMemoryRebound(to: CChar.self) { text in
          unsafe vsnprintf(text.baseAddress, text.count, "%.*g", arguments)
        }
      }
      return max(0, min(Int(count), capacity - 1))
    }
  }
}
