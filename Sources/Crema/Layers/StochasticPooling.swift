import Prototxt

/// Pooling with `pool: STOCHASTIC`, which Caffe has on GPUs only. While training, each window gives one of its values, drawn with
/// probabilities in proportion to the values, which must not be negative; in the TEST phase it gives the mean of the values, weighted
/// by themselves.
///
/// The draws come from the net's stream, one number in (0, 1] for each value of the top in its order, before the net runs, as for
/// Dropout: a draw of 32 bits, of which the upper 24 are one less than the number in units of 2^-24. (Caffe draws them on the GPU.)
///
/// - bottom: N x C x H x W.
/// - top: N x C x H' x W'.
/// - kept: while training, the numbers drawn, and the indices of the chosen values in their planes, as bit patterns of integers.
package struct StochasticPooling: DrawingLayer {
  package static let type = Pooling.type
  package static let arity = Pooling.arity

  private let window: PoolingWindow
  private let isTraining: Bool

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("pooling_param")
    window = try PoolingWindow(parameters)
    isTraining = fields.phase == .train
    for field in ["pad", "pad_h", "pad_w"] where parameters.int(field) != 0 {
      throw parameters.error(field, "pool: STOCHASTIC has no padding; remove \(field)")
    }
    guard fields.tops.count == 1 else {
      throw fields.message.error(
        "top", index: 1, "only pool: MAX has a second top (the places of the maxima); remove '\(fields.tops[1])'")
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let (rows, columns) = try window.checkedSides(bottoms[0], divides: false)
    let top = try Shape([bottoms[0][0], bottoms[0][1], rows.output, columns.output]).fitting("the top")
    return Plan(tops: [top], kept: isTraining ? [top, top] : [])
  }

  package func draw(_ pass: Pass, from random: RandomStream) {
    guard isTraining else { return }
    pass.kept[0].write { numbers in
      for i in numbers.indices { numbers[i] = Float((random.draw() >> 8) + 1) * 0x1p-24 }
    }
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    guard isTraining else {
      return y.write(reading: x) { x, y in
        eachWindow(pass.bottoms[0].shape) { i, pixels in
          let (sum, squares) = Self.sums(x, pixels)
          y[i] = sum > 0 ? squares / sum : 0
        }
      }
    }
    y.write(reading: x, pass.kept[0]) { x, numbers, y in
      pass.kept[1].write { chosen in
        eachWindow(pass.bottoms[0].shape) { i, pixels in
          let pixel = Self.choose(x, pixels, numbers[i])
          y[i] = pixel.map { x[$0] } ?? 0
          chosen[i] = Float(bitPattern: pixel.map { UInt32(truncatingIfNeeded: $0 - pixels.plane) } ?? .max)
        }
      }
    }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient)
    dx.clear()
    guard isTraining else {
      return dx.write(reading: dy, pass.bottoms[0].data) { dy, x, dx in
        eachWindow(pass.bottoms[0].shape) { i, pixels in
          let (sum, squares) = Self.sums(x, pixels)
          guard sum > 0 else { return }
          pixels.each { dx[$0] += dy[i] * (2 * x[$0] - squares / sum) / sum }
        }
      }
    }
    let area = dx.shape.count(from: 2), pooled = dy.shape.count(from: 2)
    dx.write(reading: dy, pass.kept[1]) { dy, chosen, dx in
      for i in dy.indices where chosen[i].bitPattern != .max {
        dx[i / pooled * area + Int(chosen[i].bitPattern)] += dy[i]
      }
    }
  }

  /// The sum of the values under a window, and that of their squares.
  private static func sums(_ x: Span<Float>, _ pixels: Pixels) -> (Float, Float) {
    var sum: Float = 0, squares: Float = 0
    pixels.each { pixel in
      sum += x[pixel]
      squares += x[pixel] * x[pixel]
    }
    return (sum, squares)
  }

  /// The index of the first value at which the running sum reaches its part of the whole; of the last value if rounding keeps the sum
  /// from getting there, and `nil` for a window behind the plane.
  private static func choose(_ x: Span<Float>, _ pixels: Pixels, _ part: Float) -> Int? {
    let limit = part * sums(x, pixels).0
    var sum: Float = 0, found: Int?, last: Int?
    pixels.each { pixel in
      sum += x[pixel]
      last = pixel
      if found == nil, sum >= limit { found = pixel }
    }
    return found ?? last
  }

  /// What lies under a window, by indices of the bottom.
  private struct Pixels {
    let plane: Int, rows: Range<Int>, columns: Range<Int>, width: Int

    @inline(__always)
    func each(_ body: (Int) -> Void) {
      for row in rows {
        for pixel in plane + row * width + columns.lowerBound..<plane + row * width + columns.upperBound { body(pixel) }
      }
    }
  }

  /// All windows in the order of the top.
  @inline(__always)
  private func eachWindow(_ shape: Shape, _ body: (_ index: Int, _ pixels: Pixels) -> Void) {
    let (rows, columns) = window.sides(height: shape[2], width: shape[3])
    var i = 0
    for plane in 0..<shape[0] * shape[1] {
      for row in 0..<rows.output {
        for column in 0..<columns.output {
          body(
            i,
            Pixels(
              plane: plane * shape[2] * shape[3], rows: rows.positions(row), columns: columns.positions(column),
              width: shape[3]))
          i += 1
        }
      }
    }
  }
}
