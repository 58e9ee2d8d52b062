/// Doubles a picture's side as the last layer of an image generator does: one small kernel for each of the four
/// phases of the finer grid, as a transposed convolution or a pixel shuffle has. The kernels differ a little from a
/// perfect interpolation, as learned ones do, and so leave a faint checkerboard.
struct GeneratorUpsampler {
  enum Base: CaseIterable { case nearest, bilinear, smooth }

  /// Nine weights for each phase, upper left phase first.
  private var kernels: [[Float]]

  init(_ random: inout Random) {
    let side: (near: Float, centre: Float, far: Float) =
      switch random.choice(Base.allCases) {
      case .nearest: (0, 1, 0)
      case .bilinear: (0.25, 0.75, 0)
      case .smooth: (0.28, 0.64, 0.08)
      }
    let deviation = random.within(0.006, 0.015)
    kernels = (0..<4).map { phase in
      let across = phase % 2 == 0 ? [side.near, side.centre, side.far] : [side.far, side.centre, side.near]
      let down = phase / 2 == 0 ? [side.near, side.centre, side.far] : [side.far, side.centre, side.near]
      return (0..<9).map { down[$0 / 3] * across[$0 % 3] + deviation * random.normal() * ($0 == 4 ? 1 : 0.5) }
    }
  }

  /// The enlarged picture without the half-size picture's outermost pixels: side 2 (n - 2).
  func apply(to half: Picture) -> Picture {
    var result = Picture(side: 2 * (half.side - 2))
    for y in 1..<(half.side - 1) {
      for x in 1..<(half.side - 1) {
        for phase in 0..<4 {
          var sum = SIMD4<Float>.zero
          for tap in 0..<9 { sum += half[x + tap % 3 - 1, y + tap / 3 - 1] * kernels[phase][tap] }
          result[2 * (x - 1) + phase % 2, 2 * (y - 1) + phase / 2] = sum
        }
      }
    }
    return result
  }

  /// The mean of each 2x2 block.
  static func halved(_ picture: Picture) -> Picture {
    var result = Picture(side: picture.side / 2)
    for y in 0..<result.side {
      for x in 0..<result.side {
        let top = picture[2 * x, 2 * y] + picture[2 * x + 1, 2 * y]
        let bottom = picture[2 * x, 2 * y + 1] + picture[2 * x + 1, 2 * y + 1]
        result[x, y] = (top + bottom) * 0.25
      }
    }
    return result
  }
}
