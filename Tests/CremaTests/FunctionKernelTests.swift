import CKernels
import Glibc
import TestSupport
import Testing

/// The kernels of functions, for every instruction set of this processor, against doubles.
@Suite struct FunctionKernelTests {
  private static let sets = ["avx512", "avx2", "baseline"]

  private func random(_ count: Int, _ seed: UInt64 = 1, times factor: Float = 1) -> [Float] {
    var numbers = Numbers(seed &+ UInt64(count))
    return (0..<count).map { _ in factor * numbers.next() }
  }

  private func functions(_ name: String) -> FunctionKernels? {
    guard let set = unsafe kernels_named(name), let functions = unsafe set.pointee.functions else { return nil }
    return unsafe functions.pointee
  }

  private func expect(_ found: [Float], _ expected: [Double], _ tolerance: Double, _ what: String) {
    for (a, b) in zip(found, expected) where !(abs(Double(a) - b) <= tolerance * max(abs(b), 1e-30)) {
      Issue.record("\(what): \(a), not \(b)")
      return
    }
  }

  @Test(arguments: sets, [1, 3, 7, 13, 16, 33, 1000])
  func exponentials(_ name: String, _ count: Int) {
    guard let functions = functions(name) else { return }
    for range: Float in [0.01, 1, 20, 80] {
      let x = random(count, 3, times: range), doubles = x.map { Double($0) }
      var y = x
      unsafe functions.exponential(x, 0, &y, count)
      expect(y, doubles.map { exp($0) }, 7e-8, "exp")
      unsafe functions.sigmoid(x, &y, count)
      expect(y, doubles.map { 1 / (1 + exp(-$0)) }, 3e-7, "sigmoid")
      unsafe functions.hyperbolic_tangent(x, &y, count)
      expect(y, doubles.map { tanh($0) }, 3e-7, "tanh")
      unsafe functions.elu(x, 0.7, &y, count)
      for i in 0..<count {
        let expected = x[i] > 0 ? doubles[i] : Double(Float(0.7)) * (exp(doubles[i]) - 1)
        #expect(abs(Double(y[i]) - expected) < 1e-7 * max(abs(expected), 1))
      }
    }
  }

  @Test(arguments: sets) func valuesAtTheEnds(_ name: String) {
    guard let functions = functions(name) else { return }
    let x: [Float] = [.infinity, -.infinity, .nan, 0, 89, -104, 88.7]
    var y = x
    unsafe functions.exponential(x, 0, &y, x.count)
    #expect(y[0] == .infinity && y[1] == 0 && y[2].isNaN && y[3] == 1 && y[4] == .infinity && y[5] == 0)
    #expect(y[6].isFinite)
    unsafe functions.hyperbolic_tangent(x, &y, x.count)
    #expect(y[0] == 1 && y[1] == -1 && y[2].isNaN && y[3] == 0 && y[4] == 1 && y[5] == -1)
    unsafe functions.sigmoid(x, &y, x.count)
    #expect(y[0] == 1 && y[1] == 0 && y[2].isNaN && y[3] == 0.5 && y[4] == 1 && y[5] == 0)
  }

  @Test(arguments: sets, [(1, 1), (3, 1), (1000, 1), (21, 7), (5, 16), (3, 130), (1, 13)])
  func probabilities(_ name: String, _ shape: (classes: Int, inner: Int)) {
    guard let functions = functions(name) else { return }
    let (classes, inner) = shape, x = random(classes * inner, 5, times: 8), dy = random(classes * inner, 6)
    var y = x, dx = dy
    unsafe functions.softmax(x, Int32(classes), inner, inner, &y)
    unsafe functions.softmax_back(dy, y, Int32(classes), inner, inner, &dx)
    var inPlace = x
    unsafe inPlace.withUnsafeMutableBufferPointer { numbers in
      guard let start = numbers.baseAddress else { return }
      unsafe functions.softmax(start, Int32(classes), inner, inner, start)
    }
    #expect(inPlace == y)
    for i in 0..<inner {
      let values = (0..<classes).map { Double(x[$0 * inner + i]) }, most = values.max() ?? 0
      let all = values.map { exp($0 - most) }, total = all.reduce(0, +)
      let product = (0..<classes).reduce(0) { $0 + Double(dy[$1 * inner + i]) * all[$1] / total }
      for c in 0..<classes {
        let at = c * inner + i, p = all[c] / total
        #expect(abs(Double(y[at]) - p) < 1e-6)
        #expect(abs(Double(dx[at]) - (Double(dy[at]) - product) * p) < 1e-6)
      }
    }
  }

  @Test(arguments: sets, [(1, 1, 2), (7, 3, 1), (13, 40, 2), (3, 130, 0), (5, 16, 7)])
  func responses(_ name: String, _ shape: (channels: Int, area: Int, reach: Int)) {
    guard let functions = functions(name) else { return }
    let (channels, area, reach) = shape, count = channels * area
    let x = random(count, 7, times: 2), dy = random(count, 8)
    for power: Float in [0.75, 0.6] {
      var sizes = Responses(
        channels: Int32(channels), reach: Int32(min(reach, channels)), area: area, start: 1.5, part: 0.2, power: power)
      var (base, y, dx) = (x, x, x)
      unsafe functions.respond(&sizes, x, &base, &y)
      unsafe functions.respond_back(&sizes, 0.3, x, y, base, dy, &dx)
      for c in 0..<channels {
        let window = max(0, c - reach)...min(channels - 1, c + reach)
        for i in 0..<area {
          let at = c * area + i
          let sum = window.reduce(0.0) { $0 + Double(x[$1 * area + i]) * Double(x[$1 * area + i]) }
          let ratio = window.reduce(0.0) {
            $0 + Double(dy[$1 * area + i]) * Double(y[$1 * area + i]) / Double(base[$1 * area + i])
          }
          let expected = 1.5 + Double(Float(0.2)) * sum, factor = pow(expected, -Double(power))
          #expect(abs(Double(base[at]) - expected) < 1e-5)
          #expect(abs(Double(y[at]) - Double(x[at]) * factor) < 1e-5)
          #expect(abs(Double(dx[at]) - (Double(dy[at]) * factor - Double(Float(0.3)) * Double(x[at]) * ratio)) < 1e-5)
        }
      }
    }
  }
}
