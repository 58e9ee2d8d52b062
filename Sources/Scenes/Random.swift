/// SplitMix64: a stream of numbers that depends on nothing but its seed and stream number, alike on every machine.
///
/// Nothing here calls a mathematics library, so that all numbers are exact to the last bit everywhere.
struct Random {
  private var state: UInt64

  init(seed: UInt64, stream: UInt64) {
    state = Random.mixed(seed) ^ Random.mixed(stream &+ 0x9E37_79B9_7F4A_7C15)
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var bits = value
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Random.mixed(state)
  }

  /// A number in [0, 1).
  mutating func unit() -> Float {
    Float(next() >> 40) * 0x1p-24
  }

  mutating func within(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * unit()
  }

  /// An integer in 0 ..< count.
  mutating func below(_ count: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(count)).high)
  }

  mutating func chance(_ probability: Float) -> Bool {
    unit() < probability
  }

  mutating func choice<Element>(_ elements: [Element]) -> Element {
    elements[below(elements.count)]
  }

  /// A nearly normal number of mean 0 and variance 1: the sum of four uniform ones.
  mutating func normal() -> Float {
    let bits = next()
    let sum = Int(bits & 0xFFFF) + Int((bits >> 16) & 0xFFFF) + Int((bits >> 32) & 0xFFFF) + Int(bits >> 48)
    return Float(sum - 2 * 0xFFFF) * (1.732_050_8 / 65536)
  }

  /// A unit vector; every quadrant is equally likely.
  mutating func direction() -> SIMD2<Float> {
    let slope = within(-0.414_213_6, 0.414_213_6)
    let scale = 1 / (1 + slope * slope)
    let cosine = (1 - slope * slope) * scale
    let sine = 2 * slope * scale
    switch below(4) {
    case 0: return SIMD2(cosine, sine)
    case 1: return SIMD2(-sine, cosine)
    case 2: return SIMD2(-cosine, -sine)
    default: return SIMD2(sine, -cosine)
    }
  }

  /// A number in low ... high whose density falls with the third power: every octave of sizes covers the same area.
  mutating func size(_ low: Float, _ high: Float) -> Float {
    let ratio = low / high
    return low / (1 - unit() * (1 - ratio * ratio)).squareRoot()
  }
}
