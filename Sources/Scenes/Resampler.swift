/// Enlarges and turns a picture.
struct Resampler {
  enum Interpolation: CaseIterable { case bilinear, bicubic }

  var interpolation: Interpolation
  /// Output pixels for each input pixel.
  var scale: Float
  /// The unit vector that the output's x axis has in the input.
  var axis: SIMD2<Float>

  /// Any interpolation, a scale between two, and half of the time a turn of at most 28 degrees.
  init(_ random: inout Random, from least: Float, to most: Float) {
    let turn = random.chance(0.5) ? random.within(-0.25, 0.25) : 0
    let length = 1 / (1 + turn * turn)
    interpolation = random.choice(Interpolation.allCases)
    scale = random.within(least, most)
    axis = SIMD2((1 - turn * turn) * length, 2 * turn * length)
  }

  /// A square of `side` pixels around the middle of the picture.
  func apply(to picture: Picture, side: Int) -> Picture {
    var result = Picture(side: side)
    let middle = Float(picture.side - 1) / 2
    let step = axis / scale
    let half = Float(side - 1) / 2
    for y in 0..<side {
      for x in 0..<side {
        let u = Float(x) - half
        let v = Float(y) - half
        let place = SIMD2(middle + u * step.x - v * step.y, middle + u * step.y + v * step.x)
        result[x, y] = sample(picture, at: place)
      }
    }
    return result
  }

  private func sample(_ picture: Picture, at place: SIMD2<Float>) -> SIMD4<Float> {
    let corner = place.rounded(.down)
    let fraction = place - corner
    let column = Int(corner.x)
    let row = Int(corner.y)
    switch interpolation {
    case .bilinear:
      let top = Resampler.blend(picture.nearest(column, row), picture.nearest(column + 1, row), fraction.x)
      let bottom = Resampler.blend(
        picture.nearest(column, row + 1), picture.nearest(column + 1, row + 1), fraction.x)
      return Resampler.blend(top, bottom, fraction.y)
    case .bicubic:
      let across = Resampler.cubicWeights(fraction.x)
      let down = Resampler.cubicWeights(fraction.y)
      var sum = SIMD4<Float>.zero
      for j in 0..<4 {
        var line = SIMD4<Float>.zero
        for i in 0..<4 { line += picture.nearest(column + i - 1, row + j - 1) * across[i] }
        sum += line * down[j]
      }
      return sum
    }
  }

  private static func blend(_ a: SIMD4<Float>, _ b: SIMD4<Float>, _ fraction: Float) -> SIMD4<Float> {
    a + (b - a) * fraction
  }

  /// The weights of the four neighbours on a line for Keys's cubic with parameter -0.5.
  private static func cubicWeights(_ t: Float) -> SIMD4<Float> {
    let square = t * t
    let cube = square * t
    return SIMD4(
      -0.5 * t + square - 0.5 * cube, 1 - 2.5 * square + 1.5 * cube, 0.5 * t + 2 * square - 1.5 * cube,
      -0.5 * square + 0.5 * cube)
  }
}
