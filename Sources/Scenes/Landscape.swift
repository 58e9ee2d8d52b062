/// Composes what stands before the camera: leaves of all sizes over a background, in light that falls from one side.
struct Landscape {
  /// Linear colours of common materials: red, green, blue.
  private static let materials: [SIMD4<Float>] = [
    SIMD4(0.08, 0.18, 0.05, 0), SIMD4(0.16, 0.26, 0.06, 0), SIMD4(0.28, 0.18, 0.10, 0), SIMD4(0.35, 0.34, 0.31, 0),
    SIMD4(0.35, 0.55, 0.85, 0), SIMD4(0.62, 0.40, 0.30, 0), SIMD4(0.40, 0.13, 0.08, 0), SIMD4(0.65, 0.55, 0.38, 0),
    SIMD4(0.08, 0.18, 0.25, 0), SIMD4(0.80, 0.80, 0.78, 0), SIMD4(0.06, 0.06, 0.07, 0), SIMD4(0.55, 0.16, 0.20, 0),
    SIMD4(0.70, 0.60, 0.15, 0), SIMD4(0.20, 0.22, 0.26, 0),
  ]

  let textures: Textures

  /// Light on a square of `side` pixels, linear, mean brightness 0.1 to 0.3.
  func render(side: Int, _ random: inout Random) -> Picture {
    let light = random.direction()
    let palette = (0..<(3 + random.below(3))).map { _ in random.choice(Landscape.materials) }
    var picture = Picture(side: side)
    var ground = leaf(radius: Float(2 * side), palette: palette, &random)
    ground.outline = .disc
    ground.centre = SIMD2(repeating: Float(side) / 2)
    ground.paint(on: &picture, textures: textures, light: light)
    let smallest = random.size(2.5, 14)
    let largest = Float(side) * random.within(0.3, 0.7)
    var areaLeft = Float(side * side) * random.within(1.5, 3.5)
    while areaLeft > 0 {
      let radius = random.size(smallest, largest)
      var leaf = leaf(radius: radius, palette: palette, &random)
      let margin = 0.7 * radius
      leaf.centre = SIMD2(
        random.within(-margin, Float(side) + margin), random.within(-margin, Float(side) + margin))
      leaf.paint(on: &picture, textures: textures, light: light)
      areaLeft -= 3 * leaf.extent.x * leaf.extent.y
    }
    illuminate(&picture, light: light, &random)
    return picture
  }

  private func leaf(radius: Float, palette: [SIMD4<Float>], _ random: inout Random) -> Leaf {
    let first = random.choice(palette)
    let mix = random.unit() * 0.7
    let tint = first + (random.choice(palette) - first) * mix
    let isFocused = random.chance(0.8)
    let outline = random.choice(Leaf.Outline.allCases)
    return Leaf(
      outline: outline, centre: .zero,
      extent: SIMD2(radius, outline == .disc ? radius : radius * random.within(0.3, 0.9)),
      axis: random.direction(), colour: tint * random.within(0.55, 1.45), roundness: random.within(0, 0.45),
      softness: isFocused ? 0.6 : random.within(0.6, 0.8 + 0.08 * min(radius, 40)),
      shadowWidth: 1 + radius * random.within(0.1, 0.35), shadow: random.within(0.2, 0.9),
      tile: random.below(textures.tiles.count), relief: 0.02 + 0.2 * random.unit() * random.unit(),
      tileOffset: (random.below(Textures.side), random.below(Textures.side)), tileIsTurned: random.chance(0.5))
  }

  /// Light that falls off across the scene, and an exposure that suits the scene.
  private func illuminate(_ picture: inout Picture, light: SIMD2<Float>, _ random: inout Random) {
    let side = picture.side
    let slope = light * (random.within(0, 0.8) / Float(side))
    let middle = SIMD2<Float>(repeating: Float(side) / 2)
    var sum = SIMD4<Float>.zero
    for y in 0..<side {
      for x in 0..<side {
        let lit = picture[x, y] * (1 + ((SIMD2(Float(x), Float(y)) - middle) * slope).sum())
        picture[x, y] = lit
        sum += lit
      }
    }
    let exposure = random.within(0.12, 0.28) / max(1e-6, sum.y / Float(side * side))
    for index in picture.pixels.indices { picture.pixels[index] *= exposure }
  }
}
