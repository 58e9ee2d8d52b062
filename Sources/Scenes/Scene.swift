/// What was done to a scene's photograph.
public enum Kind: String, CaseIterable, Sendable {
  /// As the camera developed it.
  case untouched = "untouched"
  /// A median filter of 3x3 or 5x5 pixels ran over it.
  case medianFiltered = "median-filtered"
  /// It was enlarged and turned, with bilinear or bicubic interpolation.
  case resampled = "resampled"
  /// It was halved and doubled again by kernels like those of an image generator.
  case upsampled = "generator-upsampled"
}

/// A small photograph that the project made itself.
public struct Scene: Sendable {
  /// Rows, and columns, of the photograph.
  public let side: Int
  /// 3 x side x side bytes: the planes blue, green, red.
  public let pixels: [UInt8]
  /// What was done to the photograph.
  public let kind: Kind
  /// 0 for an untouched photograph, 1 for any manipulated one.
  public var label: Int { kind == .untouched ? 0 : 1 }
}

/// Makes scenes: an endless list of which each item depends on nothing but the seed and the index.
///
/// Every six scenes in a row (from an index that six divides) hold three untouched ones and one of each
/// manipulation, in a random order. Any number of threads may ask at once.
public struct SceneGenerator: Sendable {
  /// Rows, and columns, of every scene.
  public let side: Int
  private let seed: UInt64
  private let landscape: Landscape

  /// - Parameters:
  ///   - seed: names the list; lists of different seeds have no scene and no surface in common.
  ///   - side: rows, and columns, of every scene, 8 at least; smaller values count as 8.
  public init(seed: UInt64, side: Int = 128) {
    self.seed = seed
    self.side = max(8, side)
    landscape = Landscape(textures: Textures(seed: seed))
  }

  /// The kind of the scene with an index.
  public func kind(_ index: Int) -> Kind {
    var order: [Kind] = [.untouched, .untouched, .untouched, .medianFiltered, .resampled, .upsampled]
    let (block, place) = (UInt64(bitPattern: Int64(index))).quotientAndRemainder(dividingBy: UInt64(order.count))
    var random = Random(seed: ~seed, stream: block)
    for last in stride(from: order.count - 1, to: 0, by: -1) { order.swapAt(last, random.below(last + 1)) }
    return order[Int(place)]
  }

  /// The scene with an index.
  public func scene(_ index: Int) -> Scene {
    let kind = kind(index)
    var random = Random(seed: seed, stream: UInt64(bitPattern: Int64(index)))
    return Scene(side: side, pixels: picture(kind, &random).planarBytes(), kind: kind)
  }

  private func picture(_ kind: Kind, _ random: inout Random) -> Picture {
    switch kind {
    case .untouched:
      return photograph(side: side, &random)
    case .medianFiltered:
      let filter = MedianFilter(radius: random.chance(0.7) ? 1 : 2)
      return filter.apply(to: photograph(side: side + 2 * filter.radius, &random))
    case .resampled:
      let turn = random.chance(0.5) ? random.within(-0.25, 0.25) : 0
      let scale = 1 / (1 + turn * turn)
      let resampler = Resampler(
        interpolation: random.choice(Resampler.Interpolation.allCases), scale: random.within(1.2, 2),
        axis: SIMD2((1 - turn * turn) * scale, 2 * turn * scale))
      return resampler.apply(to: photograph(side: side + side / 8, &random), side: side)
    case .upsampled:
      let upsampler = GeneratorUpsampler(&random)
      let half = GeneratorUpsampler.halved(photograph(side: side + 8, &random))
      return upsampler.apply(to: half).cropped(side: side)
    }
  }

  /// A camera's photograph of a new landscape.
  private func photograph(side: Int, _ random: inout Random) -> Picture {
    let evenSide = side + side % 2
    let light = landscape.render(side: evenSide + 2 * Camera.border, &random)
    let camera = Camera(&random)
    return camera.photograph(light, &random).cropped(left: 0, top: 0, side: side)
  }
}
