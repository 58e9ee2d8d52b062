import Crema
import TestSupport
import Testing

/// The maxima of pooling against a search written as the definition says it.
@Suite struct PoolingTests {
  /// Numbers with many ties, a NaN that never wins, and infinities.
  private func plane(_ height: Int, _ width: Int) -> Tensor {
    var numbers = Numbers(UInt64(width))
    let x = Tensor([2, 1, height, width])
    x.write { x in
      for i in 0..<x.count { x[i] = (numbers.next() * 4).rounded() }
      x[width + 1] = .nan
      x[2] = .infinity
    }
    return x
  }

  @Test(arguments: [7, 17, 18, 19, 20, 33, 37, 64], [(3, 2, 0), (3, 2, 1), (3, 1, 0), (2, 2, 0), (5, 3, 2)])
  func theFirstOfTheLargestWins(_ width: Int, _ window: (kernel: Int, stride: Int, pad: Int)) throws {
    let (kernel, stride, pad) = window, height = 8
    let x = plane(height, width)
    let run = try LayerRun(
      makeLayer(
        "type: 'Pooling' top: 'y' top: 'z' pooling_param { kernel_size: \(kernel) stride: \(stride) pad: \(pad) }"),
      bottoms: [Blob(x, gradient: Tensor(x.shape))])
    run.forward(pieces: 2)
    let top = run.tops[0].shape, values = x.values
    var expected: [Float] = [], places: [Float] = []
    for plane in 0..<2 {
      for row in 0..<top[2] {
        for column in 0..<top[3] {
          var best = -Float.greatestFiniteMagnitude, place = -1
          for h in max(0, row * stride - pad)..<min(row * stride - pad + kernel, height) {
            for w in max(0, column * stride - pad)..<min(column * stride - pad + kernel, width) {
              let value = values[(plane * height + h) * width + w]
              if value > best { (best, place) = (value, h * width + w) }
            }
          }
          expected.append(best)
          places.append(Float(place))
        }
      }
    }
    #expect(run.tops[0].data.values == expected)
    #expect(run.tops[1].data.values == places)
  }
}
