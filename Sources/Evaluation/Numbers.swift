import Glibc

/// e to the power of `value`.
func exponential(_ value: Double) -> Double { exp(value) }

/// A share as percent with `digits` digits behind the point; `-` for none.
public func percent(_ share: Double?, digits: Int = 2) -> String {
  guard let share, share.isFinite else { return "-" }
  return decimal(share * 100, digits: digits) + "%"
}

/// A number with a fixed number of digits behind the point, rounded to the nearest.
public func decimal(_ value: Double, digits: Int) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let scaled = Int((abs(value) * scale).rounded()), sign = value < 0 && scaled > 0 ? "-" : ""
  guard digits > 0 else { return sign + String(scaled) }
  let text = String(repeating: "0", count: max(0, digits + 1 - String(scaled).count)) + String(scaled)
  return sign + text.dropLast(digits) + "." + text.suffix(digits)
}
