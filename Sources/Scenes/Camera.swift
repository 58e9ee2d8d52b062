/// A camera with its settings for one shot: lens, sensor under a Bayer filter, and the development to 8 bits.
struct Camera {
  /// Rows and columns at each edge of the lit square that the photograph does not show. Even: it keeps the mosaic's phase.
  static let border = 4

  var lensSpread: Float
  /// Noise variance for each unit of signal.
  var shotNoise: Float
  /// Noise variance without any signal.
  var readNoise: Float
  /// Gains that make a grey thing grey: red, green, blue.
  var whiteBalance: SIMD4<Float>
  /// How much of the gradient correction the interpolation applies: 0 is bilinear, 1 the full correction.
  var gradientCorrection: Float
  var saturation: Float
  /// 0 develops with a square root, 1 with the power 3/8.
  var toneLift: Float
  var sharpening: Float

  init(_ random: inout Random) {
    lensSpread = random.within(0.03, 0.12)
    let sensitivity = random.unit()
    shotNoise = 0.0007 + 0.0009 * sensitivity
    readNoise = 0.000_01 + 0.000_03 * sensitivity
    whiteBalance = SIMD4(random.within(1.4, 2.1), 1, random.within(1.3, 1.9), 0)
    gradientCorrection = random.chance(0.5) ? 1 : 0
    saturation = random.within(0.9, 1.15)
    toneLift = random.unit()
    sharpening = random.chance(0.5) ? random.within(0.1, 0.5) : 0
  }

  /// The developed photograph, values 0 to 255 in whole steps; its side is smaller by two borders.
  func photograph(_ light: Picture, _ random: inout Random) -> Picture {
    let mosaic = expose(light.blurred(spread: lensSpread), &random)
    let interpolated = interpolate(mosaic, side: light.side)
    return sharpen(develop(interpolated)).cropped(side: light.side - 2 * Camera.border).quantized()
  }

  /// One noisy value for each pixel: red at even rows and columns, blue at odd ones, green at the others.
  private func expose(_ light: Picture, _ random: inout Random) -> [Float] {
    let side = light.side
    var mosaic = [Float](repeating: 0, count: side * side)
    for y in 0..<side {
      for x in 0..<side {
        let index = y * side + x
        let channel = (y & 1) + (x & 1)
        let signal = light.pixels[index][channel] / whiteBalance[channel]
        let noise = (shotNoise * signal + readNoise).squareRoot() * random.normal()
        mosaic[index] = min(max(signal + noise, 0), 1)
      }
    }
    return mosaic
  }

  /// The two missing colours of each pixel, from its neighbours and, as far as wanted, from the gradient of its own.
  private func interpolate(_ mosaic: [Float], side: Int) -> Picture {
    var picture = Picture(side: side)
    let correction = gradientCorrection
    for y in 2..<(side - 2) {
      for x in 2..<(side - 2) {
        let i = y * side + x
        let own = mosaic[i]
        let beside = mosaic[i - 1] + mosaic[i + 1]
        let above = mosaic[i - side] + mosaic[i + side]
        let corners = mosaic[i - side - 1] + mosaic[i - side + 1] + mosaic[i + side - 1] + mosaic[i + side + 1]
        let farBeside = mosaic[i - 2] + mosaic[i + 2]
        let farAbove = mosaic[i - 2 * side] + mosaic[i + 2 * side]
        if (x ^ y) & 1 == 0 {
          let gradient = own - (farBeside + farAbove) * 0.25
          let green = (beside + above) * 0.25 + gradient * (0.5 * correction)
          let opposite = corners * 0.25 + gradient * (0.75 * correction)
          picture.pixels[i] =
            x & 1 == 0 ? SIMD4(own, green, opposite, 0) : SIMD4(opposite, green, own, 0)
        } else {
          let rowColour =
            beside * 0.5 + (own * 5 - corners - farBeside + farAbove * 0.5) * (0.125 * correction)
          let columnColour =
            above * 0.5 + (own * 5 - corners - farAbove + farBeside * 0.5) * (0.125 * correction)
          picture.pixels[i] =
            y & 1 == 0 ? SIMD4(rowColour, own, columnColour, 0) : SIMD4(columnColour, own, rowColour, 0)
        }
      }
    }
    return picture
  }

  /// White balance, saturation and tone: values 0 to 255.
  private func develop(_ picture: Picture) -> Picture {
    var result = picture
    let weights = SIMD4<Float>(0.3, 0.6, 0.1, 0)
    for index in result.pixels.indices {
      let balanced = result.pixels[index] * whiteBalance
      let grey = SIMD4(repeating: (balanced * weights).sum())
      let linear = (grey + (balanced - grey) * saturation)
        .clamped(lowerBound: .zero, upperBound: SIMD4(repeating: 1))
      let root = linear.squareRoot()
      let fourth = root.squareRoot()
      let lifted = fourth * fourth.squareRoot()
      result.pixels[index] = (root + (lifted - root) * toneLift) * 255
    }
    return result
  }

  private func sharpen(_ picture: Picture) -> Picture {
    guard sharpening > 0 else { return picture }
    let soft = picture.blurred(spread: 0.25)
    var result = picture
    for index in result.pixels.indices {
      result.pixels[index] += (picture.pixels[index] - soft.pixels[index]) * sharpening
    }
    return result
  }
}
