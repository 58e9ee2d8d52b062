import Images

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

  /// What is left of a picture of whole values 0 to 255 after it was a JPEG file.
  func throughJPEG(quality: Int) throws(ImageError) -> Picture {
    let bytes = pixels.flatMap { [UInt8($0.z), UInt8($0.y), UInt8($0.x)] }
    let image = try Image(width: side, height: side, channels: 3, pixels: bytes).throughJPEG(quality: quality)
    var result = self
    for index in result.pixels.indices {
      let place = 3 * index
      result.pixels[index] = SIMD4(
        Float(image.pixels[place + 2]), Float(image.pixels[place + 1]), Float(image.pixels[place]), 0)
    }
    return result
  }

  /// Each pixel becomes the mean of those of the square of 3x3 around it that differ by less than a threshold in every colour.
  func withoutFineNoise(below threshold: Float) -> Picture {
    var result = self
    for y in 1..<(side - 1) {
      for x in 1..<(side - 1) {
        let own = self[x, y]
        var sum = SIMD4<Float>.zero, count: Float = 0
        for place in 0..<9 {
          let other = self[x + place % 3 - 1, y + place / 3 - 1], distance = other - own
          let largest = max(abs(distance.x), abs(distance.y), abs(distance.z))
          if largest < threshold { (sum, count) = (sum + other, count + 1) }
        }
        result[x, y] = sum / count
      }
    }
    return result
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
