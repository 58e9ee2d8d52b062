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
/// Scenes 2k and 2k + 1 show one photograph: one of them untouched, the other manipulated, in a random order. So
/// neither brightness nor content tells the labels of a batch apart, only the traces of the manipulation do. Every
/// six scenes in a row (from an index that six divides) hold each manipulation once, in a random order. Any number
/// of threads may ask at once.
public struct SceneGenerator: Sendable {
  /// Rows, and columns, of every scene.
  public let side: Int
  private let seed: UInt64
  private let landscape: Landscape
  /// Rows and columns that a photograph has at each edge beyond a scene. Even: it keeps the mosaic's phase.
  static let margin = 8

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
    let (block, place) = UInt64(bitPattern: Int64(index)).quotientAndRemainder(dividingBy: 6)
    var random = Random(seed: ~seed, stream: block)
    var manipulations: [Kind] = [.medianFiltered, .resampled, .upsampled]
    for last in stride(from: 2, to: 0, by: -1) { manipulations.swapAt(last, random.below(last + 1)) }
    let manipulatedPlaces = random.next() & 0b111
    let isManipulated = (manipulatedPlaces >> (place / 2)) & 1 == place & 1
    return isManipulated ? manipulations[Int(place / 2)] : .untouched
  }

  /// The scene with an index.
  public func scene(_ index: Int) -> Scene {
    let kind = kind(index)
    var random = Random(seed: seed, stream: UInt64(bitPattern: Int64(index)) / 2)
    let photograph = photograph(&random)
    return Scene(side: side, pixels: picture(kind, from: photograph, &random).planarBytes(), kind: kind)
  }

  /// What a photograph becomes; it is wider than the scene by the margins.
  private func picture(_ kind: Kind, from photograph: Picture, _ random: inout Random) -> Picture {
    switch kind {
    case .untouched:
      return photograph.cropped(left: SceneGenerator.margin, top: SceneGenerator.margin, side: side)
    case .medianFiltered:
      let filter = MedianFilter(radius: random.chance(0.7) ? 1 : 2)
      let start = SceneGenerator.margin - filter.radius
      return filter.apply(to: photograph.cropped(left: start, top: start, side: side + 2 * filter.radius))
    case .resampled:
      return Resampler(&random, from: 1.4, to: 2).apply(to: photograph, side: side)
    case .upsampled:
      let upsampler = GeneratorUpsampler(&random)
      return upsampler.apply(to: GeneratorUpsampler.halved(photograph)).cropped(side: side)
    }
  }

  /// A camera's photograph of a new landscape.
  private func photograph(_ random: inout Random) -> Picture {
    let evenSide = side + side % 2 + 2 * SceneGenerator.margin
    let light = landscape.render(side: evenSide + 2 * Camera.border, &random)
    let camera = Camera(&random)
    return camera.photograph(light, &random)
  }
}
