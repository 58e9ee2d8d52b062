import CKernels
import Glibc
import TestSupport
import Testing

/// The kernels of pooling and of runs of numbers, for every instruction set of this processor, against plain loops in doubles.
@Suite struct VectorKernelTests {
  private static let sets = ["avx512", "avx2", "baseline"]
  private static let counts = [1, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100]

  private func random(_ count: Int) -> [Float] {
    var numbers = Numbers(UInt64(count))
    return (0..<count).map { _ in numbers.next() }
  }

  @Test(arguments: sets, counts)
  func runsOfNumbers(_ name: String, _ count: Int) {
    guard let set = unsafe kernels_named(name) else { return }
    let x = random(count), other = random(count + 1), base = random(count).map { abs($0) + 0.5 }
    var y = x
    for slope: Float in [0, 0.1, -0.5] {
      unsafe set.pointee.relu(x, slope, &y, count)
      #expect(y == x.map { $0 > 0 ? $0 : 0 + slope * $0 })
      unsafe set.pointee.relu_back(other, x, slope, &y, count)
      #expect(y == zip(other, x).map { $1 > 0 ? $0 : slope * $0 })
    }
    for power: Float in [0.75, 0.6] {
      unsafe set.pointee.divide_by_power(x, base, power, &y, count)
      for i in 0..<count {
        let expected = Double(x[i]) * pow(Double(base[i]), -Double(power))
        #expect(abs(Double(y[i]) - expected) <= 5e-7 * abs(expected))
      }
    }
    unsafe set.pointee.normalise(x, 0.25, 3, &y, count)
    for i in 0..<count { #expect(abs(Double(y[i]) - (Double(x[i]) - 0.25) / 3) < 1e-6) }
    unsafe set.pointee.normalise_back(other, x, 0.25, 1.5, 0.5, 2, 3, &y, count)
    for i in 0..<count {
      #expect(abs(Double(y[i]) - (Double(other[i]) - 0.5 - 2 * (Double(x[i]) - 0.25) / 1.5) / 3) < 1e-5)
    }
    var (gradient, history) = (x, base)
    unsafe set.pointee.momentum(&gradient, &history, 0.9, 0.1, count)
    #expect(gradient == history)
    for i in 0..<count { #expect(abs(Double(history[i]) - (0.9 * Double(base[i]) + 0.1 * Double(x[i]))) < 1e-6) }
  }

  @Test(arguments: sets, counts)
  func matrixTimesVector(_ name: String, _ count: Int) {
    guard let set = unsafe kernels_named(name) else { return }
    for outputs in 1...9 {
      let w = random(outputs * count), x = random(count), bias = random(outputs)
      var y = [Float](repeating: .nan, count: outputs)
      unsafe set.pointee.gemv(w, count, x, bias, Int32(outputs), &y)
      for o in 0..<outputs {
        let expected = (0..<count).reduce(Double(bias[o])) { $0 + Double(w[o * count + $1]) * Double(x[$1]) }
        #expect(abs(Double(y[o]) - expected) < 1e-5)
      }
    }
  }

  @Test(arguments: sets, [1, 2, 5, 16, 33, 57, 1500])
  func windows(_ name: String, _ width: Int) {
    guard let set = unsafe kernels_named(name) else { return }
    for (kernel, stride, pad) in [(3, 2, 0), (3, 2, 1), (2, 2, 0), (3, 1, 1), (5, 3, 2), (4, 5, 0), (1, 1, 0)] {
      let height = 6
      guard width + 2 * pad >= kernel else { continue }
      let outputs = { (input: Int) in
        let count = (input + 2 * pad - kernel + stride - 1) / stride + 1
        return pad > 0 && (count - 1) * stride >= input + pad ? count - 1 : count
      }
      let (rows, columns) = (outputs(height), outputs(width)), int = { (value: Int) in Int32(value) }
      guard (rows - 1) * stride < height + pad, (columns - 1) * stride < width + pad else { continue }
      var window = PoolWindow(
        height: int(height), width: int(width), kernel_h: int(kernel), kernel_w: int(kernel), stride_h: int(stride),
        stride_w: int(stride), pad_h: int(pad), pad_w: int(pad), out_height: int(rows), out_width: int(columns))
      let x = random(height * width).map { ($0 * 4).rounded() }, dy = random(rows * columns)
      var (best, average) = (dy, dy), places = dy.map { _ in Int32(0) }, (dMax, dAverage) = (x, x)
      unsafe set.pointee.max_pool(&window, x, &best, &places)
      var values = dy
      unsafe set.pointee.max_pool(&window, x, &values, nil)
      #expect(values == best)
      unsafe set.pointee.max_unpool(&window, dy, places, &dMax)
      unsafe set.pointee.average_pool(&window, x, &average)
      unsafe set.pointee.average_unpool(&window, dy, &dAverage)
      var (backMax, backAverage) = (x.map { _ in 0.0 }, x.map { _ in 0.0 })
      for i in dy.indices {
        let (top, left) = (i / columns * stride - pad, i % columns * stride - pad)
        let area = Double((min(top + kernel, height + pad) - top) * (min(left + kernel, width + pad) - left))
        var largest = -Float.greatestFiniteMagnitude, place = -1, total = 0.0
        for row in max(top, 0)..<min(top + kernel, height) {
          for pixel in row * width + max(left, 0)..<row * width + min(left + kernel, width) {
            if x[pixel] > largest { (largest, place) = (x[pixel], pixel) }
            total += Double(x[pixel])
            backAverage[pixel] += Double(dy[i]) / area
          }
        }
        backMax[place] += Double(dy[i])
        #expect(best[i] == largest && places[i] == Int32(place))
        #expect(abs(Double(average[i]) - total / area) < 1e-5)
      }
      for i in x.indices {
        #expect(abs(Double(dMax[i]) - backMax[i]) < 1e-5 && abs(Double(dAverage[i]) - backAverage[i]) < 1e-5)
      }
    }
  }

  @Test(arguments: sets, [1, 3, 4, 12, 16, 25])
  func pairs(_ name: String, _ columns: Int) {
    guard let set = unsafe kernels_named(name) else { return }
    let rows = 3, planes = 5, int = { (value: Int) in Int32(value) }
    var window = PoolWindow(
      height: int(2 * rows), width: int(2 * columns), kernel_h: 2, kernel_w: 2, stride_h: 2, stride_w: 2, pad_h: 0,
      pad_w: 0, out_height: int(rows), out_width: int(columns))
    let area = 4 * rows * columns
    var x = random(planes * area).map { ($0 * 4).rounded() }
    x[area / 2] = .nan
    var best = [Float](repeating: .nan, count: planes * area / 4), places = best.map { _ in Int32(9) }
    unsafe set.pointee.max_pool_pairs(&window, planes, x, &best, &places)
    for i in best.indices {
      let (plane, row, column) = (i / (rows * columns), i / columns % rows, i % columns)
      let first = 2 * row * 2 * columns + 2 * column
      var largest = -Float.greatestFiniteMagnitude, place = -1
      for pixel in [first, first + 1, first + 2 * columns, first + 2 * columns + 1]
      where x[plane * area + pixel] > largest {
        (largest, place) = (x[plane * area + pixel], pixel)
      }
      #expect(best[i] == largest && places[i] == Int32(place))
    }
  }
}
