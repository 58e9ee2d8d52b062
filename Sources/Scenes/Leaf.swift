/// One thing in a scene: an outline that hides what was painted before it, with a colour, relief, light and shadow.
struct Leaf {
  enum Outline: CaseIterable { case ellipse, box, blade, disc }

  var outline: Outline
  var centre: SIMD2<Float>
  /// Half of the length, half of the width, in pixels.
  var extent: SIMD2<Float>
  /// The unit vector along the length.
  var axis: SIMD2<Float>
  var colour: SIMD4<Float>
  /// How much brighter the side towards the light is.
  var roundness: Float
  /// Half of the width of the edge, in pixels: 0.5 is sharp.
  var softness: Float
  var shadowWidth: Float
  var shadow: Float
  var tile: Int
  var relief: Float
  var tileOffset: (x: Int, y: Int)
  var tileIsTurned: Bool

  /// Paints the leaf over a picture. `light` is the unit vector towards the light.
  func paint(on picture: inout Picture, textures: Textures, light: SIMD2<Float>) {
    let reach = (extent * extent).sum().squareRoot()
    let around = (outline == .box ? reach : max(extent.x, extent.y)) + max(softness, shadowWidth)
    let side = picture.side
    let top = max(0, Int((centre.y - around).rounded(.down)))
    let bottom = min(side, Int((centre.y + around).rounded(.up)) + 1)
    let left = max(0, Int((centre.x - around).rounded(.down)))
    let right = min(side, Int((centre.x + around).rounded(.up)) + 1)
    guard top < bottom, left < right else { return }
    let texture = textures.tiles[tile]
    let mask = Textures.side - 1
    let strideX = tileIsTurned ? Textures.side : 1
    let strideY = tileIsTurned ? 1 : Textures.side
    let perSoftness = 0.5 / softness
    let perShadow = 1 / shadowWidth
    let slope = light * (roundness / max(extent.x, 1))
    let shadeAway = light * (0.5 * shadow / reach)
    for y in top..<bottom {
      for x in left..<right {
        let place = SIMD2(Float(x), Float(y)) - centre
        let depth = depth(at: place)
        let index = y * side + x
        let behind = picture.pixels[index]
        if depth <= -softness {
          let nearness = 1 + depth * perShadow
          guard nearness > 0 else { continue }
          let shade = max(0, 0.5 * shadow - (place * shadeAway).sum()) * nearness * nearness
          picture.pixels[index] = behind * (1 - min(shade, 0.9))
        } else {
          let cover = min(1, (depth + softness) * perSoftness)
          let texel = ((x + tileOffset.x) & mask) * strideX + ((y + tileOffset.y) & mask) * strideY
          let brightness = max(0.05, 1 + (place * slope).sum() + relief * texture[texel])
          picture.pixels[index] = behind + (colour * brightness - behind) * cover
        }
      }
    }
  }

  /// How far inside the outline a place is, in pixels: negative outside.
  @inline(__always)
  private func depth(at place: SIMD2<Float>) -> Float {
    let along = place.x * axis.x + place.y * axis.y
    let across = place.y * axis.x - place.x * axis.y
    switch outline {
    case .disc:
      return extent.x - (along * along + across * across).squareRoot()
    case .ellipse:
      let u = along / extent.x
      let v = across / extent.y
      return (1 - (u * u + v * v).squareRoot()) * extent.y
    case .box:
      return min(extent.x - abs(along), extent.y - abs(across))
    case .blade:
      let radius = (extent.x * extent.x + extent.y * extent.y) / (2 * extent.y)
      let offset = abs(across) + (radius - extent.y)
      return radius - (along * along + offset * offset).squareRoot()
    }
  }
}
