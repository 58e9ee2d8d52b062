import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// The two layers named BN.
@Suite struct ForkNormTests {
  private let weights: [[Float]] = [[2, -1], [0.5, 3], [0.1, -0.2], [4, 0.25]]

  @Test(arguments: [("", Phase.test), ("frozen: true", .train), ("frozen: true", .test)])
  func storedStatistics(_ fields: String, _ phase: Phase) throws {
    let x = random([2, 2, 3, 1]), at = reader(x)
    let run = try forward("type: 'BN' bn_param { eps: 0.01 \(fields) }", [x], weights: weights, phase: phase)
    #expect(run.weights.map(\.shape) == Array(repeating: [1, 2, 1, 1], count: 4))
    let expected = table(x.shape) { n, c, h, w in
      (at(n, c, h, w) - weights[2][c]) / (weights[3][c] + 0.01).squareRoot() * weights[0][c] + weights[1][c]
    }
    #expect(difference(run.tops[0].data, expected, .forward, what: "top") == nil)
    #expect(run.weights.map(\.data.values) == weights)
  }

  /// The mean and variance of each channel.
  private func moments(_ x: Tensor) -> [(mean: Double, variance: Double)] {
    let at = reader(x), shape = x.shape, count = Double(shape[0] * shape[2] * shape[3])
    return (0..<shape[1]).map { c in
      var values: [Double] = []
      for n in 0..<shape[0] {
        for h in 0..<shape[2] { for w in 0..<shape[3] { values.append(Double(at(n, c, h, w))) } }
      }
      let mean = values.reduce(0, +) / count
      return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count)
    }
  }

  @Test func trainingFollowsTheBatch() throws {
    let x = random([3, 2, 2, 3]), at = reader(x), moments = moments(x)
    let run = try forward("type: 'BN' bn_param { momentum: 0.75 }", [x], weights: weights)
    let expected = table(x.shape) { n, c, h, w in
      let z = (Double(at(n, c, h, w)) - moments[c].mean) / sqrt(moments[c].variance + 1e-5)
      return Float(z) * weights[0][c] + weights[1][c]
    }
    #expect(difference(run.tops[0].data, expected, .forward, what: "top") == nil)
    let means = Tensor([2], (0..<2).map { 0.75 * weights[2][$0] + 0.25 * Float(moments[$0].mean) })
    let variances = Tensor([2], (0..<2).map { 0.75 * weights[3][$0] + 0.25 * Float(moments[$0].variance) })
    #expect(difference(run.weights[2].data.view([2]), means, .forward, what: "means") == nil)
    #expect(difference(run.weights[3].data.view([2]), variances, .forward, what: "variances") == nil)
  }

  @Test func segNet() throws {
    let x = random([3, 2, 2, 3]), at = reader(x), moments = moments(x), two = Array(weights[..<2])
    let plain = try forward("type: 'BN' bn_param { bn_mode: INFERENCE }", [x], weights: two)
    #expect(plain.weights.count == 2)
    let scaled = table(x.shape) { n, c, h, w in at(n, c, h, w) * two[0][c] + two[1][c] }
    #expect(difference(plain.tops[0].data, scaled, .forward, what: "top") == nil)
    for phase in [Phase.train, .test] {
      let text = "type: 'BN' top: 'y' top: 'm' top: 'v' bn_param { bn_mode: LEARN }"
      let run = try forward(text, [x], weights: two, phase: phase)
      let expected = table(x.shape) { n, c, h, w in
        Float((Double(at(n, c, h, w)) - moments[c].mean) / sqrt(moments[c].variance + 1e-9)) * two[0][c] + two[1][c]
      }
      #expect(difference(run.tops[0].data, expected, .forward, what: "top") == nil)
      let means = Tensor([1, 2, 1, 1], moments.map { Float($0.mean) })
      let variances = Tensor([1, 2, 1, 1], moments.map { Float($0.variance) })
      #expect(difference(run.tops[1].data, means, .forward, what: "means") == nil)
      #expect(difference(run.tops[2].data, variances, .forward, what: "variances") == nil)
    }
  }

  @Test(arguments: [
    ("frozen: true", "", [0, 0] as [Float]), ("frozen: true", "param { lr_mult: 1 }", [0, 0]),
    ("eps: 0.1", "param { lr_mult: 2 } param { lr_mult: 1 } param { } param { lr_mult: 3 }", [2, 1, 0, 0]),
    ("bn_mode: LEARN", "param { lr_mult: 2 } param { lr_mult: 3 }", [2, 3]),
  ])
  func whatIsFrozenDoesNotLearn(_ fields: String, _ rates: String, _ expected: [Float]) throws {
    let text = "layer { type: 'BN' \(rates) bn_param { \(fields) } }"
    let message = try TextParser.parse(SourceText(name: "net", text), as: CaffeSchema.net).message
    let layer = try Upgrade.net(message, file: "net").messages("layer")[0]
    #expect(layer.messages("param").map { $0.float("lr_mult") } == expected)
    for (index, rate) in expected.enumerated() where rate == 0 {
      #expect(layer.messages("param")[index].float("decay_mult") == 0)
    }
  }

  @Test(arguments: [
    ("", 4), ("param { lr_mult: 1 } param { lr_mult: 1 }", 2), ("blobs { } blobs { }", 2),
    ("param { } param { } bn_param { frozen: true }", 4), ("bn_param { shift_filler { value: 1 } }", 2),
    ("bn_param { engine: CUDNN }", 4),
  ])
  func theLayoutIsSeenByFields(_ text: String, _ count: Int) throws {
    #expect(try makeLayer("type: 'BN' \(text)").plan([[1, 3, 2, 2]]).weights.count == count)
  }
}
