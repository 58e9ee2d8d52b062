import Crema
import TestSupport
import Testing

/// Products of matrices against sums in double precision.
@Suite struct MatrixTests {
  @Test(arguments: [(40, 1100, 51), (77, 130, 130), (8, 33, 4000), (300, 48, 80)], [0, 1, 2, 3, 4, 5, 6, 7])
  func isTheSumOfProducts(_ sizes: (m: Int, n: Int, k: Int), _ kind: Int) {
    let (m, n, k) = sizes, (turnsA, turnsB, beta) = (kind & 1 == 1, kind & 2 == 2, Float(kind >> 2))
    var numbers = Numbers(3)
    let a = (0..<(m + 2) * (k + 2)).map { _ in numbers.next() }, b = (0..<(n + 2) * (k + 2)).map { _ in numbers.next() }
    let am = turnsA ? Matrix(k, m, at: 1, stride: m + 1) : Matrix(m, k, at: 1, stride: k + 1)
    let bm = turnsB ? Matrix(n, k, at: 0, stride: k + 1) : Matrix(k, n, at: 0, stride: n + 1)
    guard am.end <= a.count, bm.end <= b.count else { return #expect(Bool(false), "the test has too few numbers") }
    var c = Array(repeating: Float(0.5), count: m * (n + 3))
    var span = c.mutableSpan
    gemm(
      a.span, turnsA ? am.turned : am, b.span, turnsB ? bm.turned : bm, beta: beta, into: &span,
      Matrix(m, n, at: 0, stride: n + 3))
    var worst = 0.0
    for i in 0..<m {
      for j in 0..<n {
        var sum = Double(beta) * 0.5
        for l in 0..<k {
          sum +=
            Double(a[1 + (turnsA ? l * (m + 1) + i : i * (k + 1) + l)])
            * Double(b[turnsB ? j * (k + 1) + l : l * (n + 1) + j])
        }
        worst = max(worst, abs(sum - Double(c[i * (n + 3) + j])))
      }
    }
    #expect(worst < 1e-3)
    #expect((0..<m).allSatisfy { i in c[(i * (n + 3) + n)..<(i + 1) * (n + 3)].allSatisfy { $0 == 0.5 } })
  }
}
