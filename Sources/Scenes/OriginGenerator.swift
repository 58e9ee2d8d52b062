import Images

/// Makes images of eight origins: an endless list of which each item depends on nothing but the seed and the index.
///
/// Every eight images in a row (from an index that eight divides) hold each origin once, in a random order. Each shows a landscape
/// of its own. Any number of threads may ask at once.
public struct OriginGenerator: Sendable {
  /// Rows, and columns, of every image.
  public let side: Int
  private let seed: UInt64
  private let landscape: Landscape
  private static let margin = SceneGenerator.margin

  /// - Parameters:
  ///   - seed: names the list; lists of different seeds have no image and no surface in common.
  ///   - side: rows, and columns, of every image, 8 at least; smaller values count as 8.
  public init(seed: UInt64, side: Int = 128) {
    (self.seed, self.side) = (seed, max(8, side))
    landscape = Landscape(textures: Textures(seed: seed))
  }

  /// The origin of the image with an index.
  public func origin(_ index: Int) -> Origin {
    let (block, place) = UInt64(bitPattern: Int64(index)).quotientAndRemainder(dividingBy: 8)
    var random = Random(seed: ~seed, stream: ~block)
    var origins = Origin.allCases
    for last in stride(from: 7, to: 0, by: -1) { origins.swapAt(last, random.below(last + 1)) }
    return origins[Int(place)]
  }

  /// The image with an index.
  ///
  /// - Throws: a JPEG library without memory.
  public func scene(_ index: Int) throws(ImageError) -> OriginScene {
    let origin = origin(index)
    var random = Random(seed: seed, stream: ~UInt64(bitPattern: Int64(index)))
    let photograph = try photograph(origin, &random)
    return OriginScene(pixels: picture(origin, from: photograph, &random).planarBytes(), origin: origin)
  }

  /// What a photograph becomes; it is wider than the image by the margins.
  private func picture(_ origin: Origin, from photograph: Picture, _ random: inout Random) -> Picture {
    switch origin {
    case .plainCamera, .sharpCamera, .phone: return middle(photograph)
    case .weakMedian: return MedianFilter(radius: 1).apply(to: middle(photograph, border: 1))
    case .strongMedian: return MedianFilter(radius: 2).apply(to: middle(photograph, border: 2))
    case .resampled:
      return Resampler(&random, from: 1.05, to: 1.3).apply(to: photograph, side: side)
    case .upsampled: return upsampled(photograph, &random)
    case .composed:
      let disc = SoftDisc(side: side, &random)
      return disc.blend(upsampled(photograph, &random).quantized(), into: middle(photograph))
    }
  }

  private func middle(_ photograph: Picture, border: Int = 0) -> Picture {
    let start = Self.margin - border
    return photograph.cropped(left: start, top: start, side: side + 2 * border)
  }

  private func upsampled(_ photograph: Picture, _ random: inout Random) -> Picture {
    let doubled = GeneratorUpsampler(&random).apply(to: GeneratorUpsampler.halved(photograph))
    // The doubled picture lacks two rows and columns at each edge.
    return doubled.cropped(left: Self.margin - 2, top: Self.margin - 2, side: side)
  }

  /// A photograph of a new landscape by the origin's own camera, or by any.
  private func photograph(_ origin: Origin, _ random: inout Random) throws(ImageError) -> Picture {
    let cameras: [Origin] = [.plainCamera, .sharpCamera, .phone], any = random.choice(cameras)
    let kind = cameras.contains(origin) ? origin : any
    let evenSide = side + side % 2 + 2 * Self.margin
    let light = landscape.render(side: evenSide + 2 * Camera.border, &random)
    var camera = Camera(&random)
    camera.gradientCorrection = kind == .plainCamera ? 0 : 1
    camera.sharpening = kind == .plainCamera ? 0 : random.within(0.2, 0.5)
    let quality = 75 + random.below(21)
    let photograph = camera.photograph(light, &random)
    guard kind == .phone else { return photograph }
    return try photograph.withoutFineNoise(below: 12).quantized().throughJPEG(quality: quality)
  }
}

/// A disc with a soft edge somewhere in a square.
struct SoftDisc {
  private let centre: SIMD2<Float>
  private let radius: Float
  private static let edge: Float = 4

  /// A disc of a tenth to a third of the square's area, wholly in it.
  init(side: Int, _ random: inout Random) {
    radius = Float(side) * random.within(0.18, 0.32)
    let (low, high) = (radius, Float(side) - radius)
    centre = SIMD2(random.within(low, high), random.within(low, high))
  }

  /// A picture with another one of the same size in the disc.
  func blend(_ inner: Picture, into outer: Picture) -> Picture {
    var result = outer
    for y in 0..<outer.side {
      for x in 0..<outer.side {
        let offset = SIMD2(Float(x), Float(y)) - centre
        let depth = radius - (offset * offset).sum().squareRoot()
        let share = min(1, max(0, depth / Self.edge))
        result[x, y] += (inner[x, y] - outer[x, y]) * share
      }
    }
    return result
  }
}
