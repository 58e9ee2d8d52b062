import Prototxt

/// The largest value, or the average, under each window of a plane.
///
/// - bottom: N x C x H x W.
/// - top: N x C x H' x W'; for MAX a second top of the same shape may hold the index of each maximum in its plane.
/// - kept: for MAX, the indices as bit patterns of integers, -1 for a window without values.
package struct Pooling: Layer {
  package static let type = "Pooling"
  package static let arity = Arity(bottoms: 1...1, tops: 1...2)

  let isMax: Bool
  let window: PoolingWindow
  private let hasMask: Bool

  /// Maxima of 3x3 windows with stride 2, the commonest pooling, without their places.
  var isThreeByTwo: Bool { isMax && !hasMask && window.isThreeByTwo }

  package static func layer(_ fields: Fields) throws(Diagnostic) -> any Layer {
    let isStochastic = fields.parameters("pooling_param").enumeration("pool") == "STOCHASTIC"
    return isStochastic ? try StochasticPooling(fields) : try Pooling(fields)
  }

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("pooling_param"), method = parameters.enumeration("pool")
    isMax = method == "MAX"
    window = try PoolingWindow(parameters)
    hasMask = fields.tops.count > 1
    guard isMax || !hasMask else {
      throw fields.message.error(
        "top", index: 1, "only pool: MAX has a second top (the places of the maxima); remove '\(fields.tops[1])'")
    }
  }

  /// The pooling of another layer, without a second top.
  init(isMax: Bool, window: PoolingWindow) { (self.isMax, self.window, hasMask) = (isMax, window, false) }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let (rows, columns) = try window.checkedSides(bottoms[0], divides: !isMax)
    let top = try Shape([bottoms[0][0], bottoms[0][1], rows.output, columns.output]).fitting("the top")
    var plan = Plan(tops: hasMask ? [top, top] : [top], kept: isMax ? [top] : [])
    plan.isByChannel = true
    if [rows, columns].contains(where: { $0.kernel > $0.input + 2 * $0.pad }) {
      plan.warnings.append(
        "the window of \(rows.kernel)x\(columns.kernel) is larger than the padded bottom, which is "
          + "\(rows.input + 2 * rows.pad)x\(columns.input + 2 * columns.pad): it is cut off at the border")
    }
    return plan
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data, y = pass.tops[0].data
    let (rows, columns) = window.sides(height: x.shape[2], width: x.shape[3])
    guard isMax else {
      return y.write(reading: x) { x, y in Pooling.average(x, rows, columns, &y) }
    }
    y.write(reading: x) { x, y in
      if pass.keeps {
        pass.kept[0].write { which in maximum(x, rows, columns, &y) { which[$0] = Pooling.pattern($1) } }
      } else {
        maximum(x, rows, columns, &y) { _, _ in }
      }
    }
    guard hasMask else { return }
    if pass.keeps {
      pass.tops[1].data.assign(pass.kept[0]) { Float(Pooling.index($0)) }
    } else {
      y.write(reading: x) { x, y in
        pass.tops[1].data.write { mask in maximum(x, rows, columns, &y) { mask[$0] = Float($1) } }
      }
    }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient, dy = pass.tops[0].gradient
    dx.clear()
    if isMax {
      let area = dx.shape.count(from: 2), pooled = dy.shape.count(from: 2)
      dx.write(reading: dy, pass.kept[0]) { dy, which, dx in
        for plane in 0..<(pooled == 0 ? 0 : dy.count / pooled) {
          for i in plane * pooled..<(plane + 1) * pooled {
            let index = Int(Pooling.index(which[i]))
            if index >= 0 { dx[plane * area + index] += dy[i] }
          }
        }
      }
    } else {
      let (rows, columns) = window.sides(height: dx.shape[2], width: dx.shape[3])
      dx.write(reading: dy) { dy, dx in Pooling.spread(dy, rows, columns, &dx) }
    }
  }

  private static func pattern(_ index: Int32) -> Float { Float(bitPattern: UInt32(bitPattern: index)) }
  private static func index(_ pattern: Float) -> Int32 { Int32(bitPattern: pattern.bitPattern) }
}

extension Pooling {
  /// The first of the largest values of each window, and what `note` does with its index in the plane.
  @inline(__always)
  private func maximum(
    _ x: Span<Float>, _ rows: PoolingWindow.Side, _ columns: PoolingWindow.Side, _ y: inout MutableSpan<Float>,
    _ note: (_ at: Int, _ index: Int32) -> Void
  ) {
    let (area, width) = (rows.input * columns.input, columns.input)
    let isUsual = columns.kernel == 3 && columns.stride == 2 && columns.pad == 0
    let inside = isUsual ? min(columns.output, (width - 1) / 2) : 0
    var i = 0
    for plane in 0..<(area == 0 ? 0 : x.count / area) {
      let plane = x.extracting(plane * area..<(plane + 1) * area)
      for row in 0..<rows.output {
        let down = rows.positions(row)
        var column = 0
        // The last eight may overlap the ones before: the same results are written again.
        while inside >= 8, down.count == 3, column < inside {
          column = min(column, inside - 8)
          let (best, at) = Pooling.eightMaxima(plane, down.lowerBound * width + 2 * column, width)
          for lane in 0..<8 {
            y[i + column + lane] = best[lane]
            note(i + column + lane, at[lane])
          }
          column += 8
        }
        while column < columns.output {
          let across = columns.positions(column)
          var best = -Float.greatestFiniteMagnitude, at: Int32 = -1, r = down.lowerBound
          while r < down.upperBound {
            var pixel = r * width + across.lowerBound
            let end = r * width + across.upperBound
            while pixel < end {
              let value = plane[pixel], better = value > best
              best = better ? value : best
              at = better ? Int32(truncatingIfNeeded: pixel) : at
              pixel += 1
            }
            r += 1
          }
          y[i + column] = best
          note(i + column, at)
          column += 1
        }
        i += columns.output
      }
    }
  }

  /// The maxima of eight windows of 3x3 that are 2 apart, the first at `start`, without a branch.
  @inline(__always)
  private static func eightMaxima(_ x: Span<Float>, _ start: Int, _ width: Int) -> (SIMD8<Float>, SIMD8<Int32>) {
    var best = SIMD8<Float>(repeating: -Float.greatestFiniteMagnitude), at = SIMD8<Int32>(repeating: -1)
    let places = SIMD8<Int32>(0, 2, 4, 6, 8, 10, 12, 14) &+ Int32(truncatingIfNeeded: start)
    var row = 0
    while row < 3 {
      let v = x.extracting(start + row * width..<start + row * width + 17)
      let shift = Int32(truncatingIfNeeded: row * width)
      let first = SIMD8(v[0], v[2], v[4], v[6], v[8], v[10], v[12], v[14])
      let second = SIMD8(v[1], v[3], v[5], v[7], v[9], v[11], v[13], v[15])
      let third = SIMD8(v[2], v[4], v[6], v[8], v[10], v[12], v[14], v[16])
      let takesFirst = first .> best
      best.replace(with: first, where: takesFirst)
      at.replace(with: places &+ shift, where: takesFirst)
      let takesSecond = second .> best
      best.replace(with: second, where: takesSecond)
      at.replace(with: places &+ (shift + 1), where: takesSecond)
      let takesThird = third .> best
      best.replace(with: third, where: takesThird)
      at.replace(with: places &+ (shift + 2), where: takesThird)
      row += 1
    }
    return (best, at)
  }

  /// The average under each window of each plane.
  static func average(
    _ x: Span<Float>, _ rows: PoolingWindow.Side, _ columns: PoolingWindow.Side, _ y: inout MutableSpan<Float>
  ) {
    let (area, width) = (rows.input * columns.input, columns.input)
    var i = 0
    for plane in 0..<(area == 0 ? 0 : x.count / area) {
      let plane = x.extracting(plane * area..<(plane + 1) * area)
      for row in 0..<rows.output {
        let down = rows.positions(row)
        for column in 0..<columns.output {
          let across = columns.positions(column)
          var total: Float = 0
          for r in down {
            for pixel in r * width + across.lowerBound..<r * width + across.upperBound { total += plane[pixel] }
          }
          y[i] = total / Float(rows.length(row) * columns.length(column))
          i += 1
        }
      }
    }
  }

  /// Adds to each value under a window its part of the window's gradient.
  static func spread(
    _ dy: Span<Float>, _ rows: PoolingWindow.Side, _ columns: PoolingWindow.Side, _ dx: inout MutableSpan<Float>
  ) {
    let (area, width) = (rows.input * columns.input, columns.input)
    var i = 0
    for plane in 0..<(area == 0 ? 0 : dx.count / area) {
      for row in 0..<rows.output {
        let down = rows.positions(row)
        for column in 0..<columns.output {
          let across = columns.positions(column)
          let part = dy[i] / Float(rows.length(row) * columns.length(column))
          for r in down {
            let start = plane * area + r * width
            for pixel in start + across.lowerBound..<start + across.upperBound { dx[pixel] += part }
          }
          i += 1
        }
      }
    }
  }
}
