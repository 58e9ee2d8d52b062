/// Whether two lines of a log agree: the same words, and numbers that differ by at most `floor` and this share of the expected ones.
/// `(# iter/s, ...)` are timings and equal anything.
package func linesAgree(_ line: String, _ expected: String, share: Double, floor: Double) -> Bool {
  let timing = /\([^()]* iter\/s, [^()]* iters\)/
  let number = /-?\d+(\.\d+)?(e[-+]?\d+)?/
  let lines = [line, expected].map { $0.replacing(timing, with: "()") }
  guard lines[0].replacing(number, with: "#") == lines[1].replacing(number, with: "#") else { return false }
  let numbers = lines.map { $0.matches(of: number).compactMap { Double($0.output.0) } }
  return zip(numbers[0], numbers[1]).allSatisfy { abs($0 - $1) <= floor + share * abs($1) }
}
