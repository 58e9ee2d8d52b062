/// A square colour picture; a pixel holds red, green, blue and an unused lane.
struct Picture {
  let side: Int
  var pixels: [SIMD4<Float>]

  init(side: Int, filledWith colour: SIMD4<Float> = .zero) {
    self.side = side
    pixels = Array(repeating: colour, count: side * side)
  }

  subscript(x: Int, y: Int) -> SIMD4<Float> {
    get { pixels[y * side + x] }
    set { pixels[y * side + x] = newValue }
  }

  /// The pixel nearest to a place that may lie outside.
  func nearest(_ x: Int, _ y: Int) -> SIMD4<Float> {
    self[min(max(x, 0), side - 1), min(max(y, 0), side - 1)]
  }

  /// The square of `side` pixels whose upper left corner is at (left, top).
  func cropped(left: Int, top: Int, side: Int) -> Picture {
    var result = Picture(side: side)
    for y in 0..<side {
      for x in 0..<side { result[x, y] = self[left + x, top + y] }
    }
    return result
  }

  /// The middle square of `side` pixels.
  func cropped(side: Int) -> Picture {
    let margin = (self.side - side) / 2
    return cropped(left: margin, top: margin, side: side)
  }

  /// Every value rounded to the 256 levels of a stored picture.
  func quantized() -> Picture {
    var result = self
    for index in result.pixels.indices {
      result.pixels[index] = result.pixels[index].clamped(lowerBound: .zero, upperBound: SIMD4(repeating: 255))
        .rounded(.toNearestOrAwayFromZero)
    }
    return result
  }

  /// The picture as bytes, planes in the order blue, green, red.
  func planarBytes() -> [UInt8] {
    let count = side * side
    var bytes = [UInt8](repeating: 0, count: 3 * count)
    for index in 0..<count {
      let pixel = pixels[index].clamped(lowerBound: .zero, upperBound: SIMD4(repeating: 255)) + 0.5
      bytes[index] = UInt8(pixel.z)
      bytes[count + index] = UInt8(pixel.y)
      bytes[2 * count + index] = UInt8(pixel.x)
    }
    return bytes
  }

  /// The picture behind a lens: each pixel mixed with its eight neighbours, weights (spread, 1 - 2 spread, spread)
  /// both ways.
  func blurred(spread: Float) -> Picture {
    var rows = self
    let centre = 1 - 2 * spread
    for y in 0..<side {
      for x in 1..<(side - 1) {
        rows[x, y] = self[x, y] * centre + (self[x - 1, y] + self[x + 1, y]) * spread
      }
    }
    var result = rows
    for y in 1..<(side - 1) {
      for x in 0..<side {
        result[x, y] = rows[x, y] * centre + (rows[x, y - 1] + rows[x, y + 1]) * spread
      }
    }
    return result
  }
}
