import Crema
import TestSupport
import Testing

/// `pool: STOCHASTIC`: values drawn in proportion while training, weighted means in the TEST phase.
@Suite struct StochasticPoolingTests {
  private func run(
    _ x: Tensor, _ phase: Phase, _ text: String = "kernel_size: 3 stride: 2"
  ) throws -> LayerRun {
    let layer = try makeLayer("type: 'Pooling' pooling_param { pool: STOCHASTIC \(text) }", phase: phase)
    return try LayerRun(layer, bottoms: [Blob(x, gradient: Tensor(x.shape))])
  }

  @Test func weighsInTheTestPhase() throws {
    let run = try run(Tensor([1, 1, 2, 3], [1, 2, 3, 0, 0, 0]), .test, "kernel_size: 2")
    run.forward()
    #expect(run.tops[0].data.values == [5.0 / 3, 13.0 / 5])
    let none = try self.run(Tensor([1, 1, 2, 2], [0, 0, 0, 0]), .test, "kernel_size: 2")
    none.forward()
    none.backward()
    #expect(none.tops[0].data.values == [0])
    #expect(none.bottoms[0].gradient.values == [0, 0, 0, 0])
  }

  @Test func drawsInProportion() throws {
    let count = 4000, values: [Float] = [1, 0, 3, 4]
    let x = Tensor([count, 1, 2, 2], (0..<count).flatMap { _ in values })
    let run = try run(x, .train, "kernel_size: 2")
    run.draw(RandomStream(seed: 1701))
    run.forward()
    for (value, share) in zip(values, [0.125, 0, 0.375, 0.5]) {
      let found = Double(run.tops[0].data.values.count { $0 == value }) / Double(count)
      #expect(abs(found - share) < 0.03, "\(value): \(found)")
    }
    run.tops[0].gradient.fill(2)
    run.backward()
    for (i, slope) in run.bottoms[0].gradient.values.enumerated() {
      #expect(slope == (values[i % 4] == run.tops[0].data.values[i / 4] ? 2 : 0))
    }
  }

  @Test func drawsOneNumberForEachValueOfTheTop() throws {
    var numbers = Numbers(9)
    let x = Tensor([2, 3, 7, 6])
    numbers.fill(x)
    x.assign(x) { abs($0) }
    let run = try run(x, .train), random = RandomStream(seed: 7), other = RandomStream(seed: 7)
    run.draw(random)
    run.forward()
    let top = run.tops[0].data, (rows, columns) = (top.shape[2], top.shape[3])
    #expect(top.shape == [2, 3, 3, 3])
    for i in 0..<top.count {
      let (plane, row, column) = (i / (rows * columns), i / columns % rows, i % columns)
      var window: [Float] = []
      for r in 2 * row..<min(2 * row + 3, 7) {
        for c in 2 * column..<min(2 * column + 3, 6) { window.append(x.values[(plane * 7 + r) * 6 + c]) }
      }
      let part = Float((other.draw() >> 8) + 1) * 0x1p-24
      var sum: Float = 0
      let limit = part * window.reduce(0, +)
      let chosen = window.first { value in
        sum += value
        return sum >= limit
      }
      #expect(top.values[i] == chosen ?? window.last)
    }
    #expect(random.draw() == other.draw())
  }

  @Test func gradientOfTheWeightedMean() throws {
    let layer = try makeLayer(
      "type: 'Pooling' pooling_param { pool: STOCHASTIC kernel_size: 3 stride: 2 }", phase: .test)
    var numbers = Numbers(4), check = GradientCheck()
    let x = Tensor([1, 2, 7, 5])
    numbers.fill(x)
    x.assign(x) { abs($0) + 0.5 }
    #expect(try check.complaints(layer, [x]) == [])
  }
}
