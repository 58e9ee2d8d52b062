import Glibc

/// Caffe's random numbers, bit for bit: the Mersenne Twister, and the distributions of Boost 1.74 in single precision.
///
/// The order of draws is part of what a seed means, so a stream is used from one thread at a time.
public final class RandomStream {
  private var twister: MersenneTwister

  /// The stream of a seed, such as a solver's `random_seed`.
  public init(seed: UInt32) { twister = MersenneTwister(seed: seed) }

  /// A stream that nobody can repeat: the system chooses the seed.
  public convenience init() { self.init(seed: .random(in: 0...UInt32.max)) }

  /// The next 32 random bits, which every distribution is made of.
  public func draw() -> UInt32 { twister.next() }

  /// A number from `low` to `high`, both included; `low` must not be above `high`. One draw, hardly ever more.
  public func uniform(_ low: Float, _ high: Float) -> Float {
    precondition(low <= high)
    return twister.uniform(low, width: high.nextUp - low, below: high.nextUp)
  }

  /// A number of the normal distribution with this mean and this standard deviation, which must not be negative.
  public func normal(mean: Float, deviation: Float) -> Float {
    precondition(deviation >= 0)
    return fma(twister.normal(), deviation, mean)
  }

  /// A number of the exponential distribution with mean 1.
  public func exponential() -> Float { twister.exponential() }

  /// True with the given probability, from 0 to 1. One draw; none for a probability of 0.
  public func bernoulli(_ probability: Double) -> Bool {
    precondition(probability >= 0 && probability <= 1)
    return probability != 0 && Double(twister.next()) <= probability * 4_294_967_295
  }

  /// True with the given probability, from 0 to 1, computed in single precision. One draw; none for a probability of 0.
  public func bernoulli(_ probability: Float) -> Bool {
    precondition(probability >= 0 && probability <= 1)
    return probability != 0 && Float(twister.next()) <= probability * 0x1p32
  }

  /// A whole number from 0 to `last`, both included. At least one draw; none if `last` is 0.
  public func integer(upTo last: UInt32) -> UInt32 {
    if last == 0 { return 0 }
    if last == .max { return twister.next() }
    var bucket = UInt32.max / (last + 1)
    if UInt32.max % (last + 1) == last { bucket += 1 }
    while true {
      let number = twister.next() / bucket
      if number <= last { return number }
    }
  }

  /// Shuffles from the end to the start, as Caffe shuffles lists of images.
  public func shuffle<Element>(_ elements: inout [Element]) {
    precondition(elements.count <= Int(UInt32.max))
    for i in elements.indices.dropFirst().reversed() {
      elements.swapAt(i, Int(integer(upTo: UInt32(i))))
    }
  }

  /// Fills `numbers` with what as many calls of `uniform` would give.
  package func fill(_ numbers: inout MutableSpan<Float>, uniformFrom low: Float, to high: Float) {
    precondition(low <= high)
    twister.fill(&numbers, uniformFrom: low, to: high)
  }

  /// Fills `numbers` with what as many calls of `normal` would give.
  package func fill(_ numbers: inout MutableSpan<Float>, normalWithMean mean: Float, deviation: Float) {
    precondition(deviation >= 0)
    twister.fill(&numbers, normalWithMean: mean, deviation: deviation)
  }

  /// Fills `numbers` with 1 where as many calls of `bernoulli` would give true, and 0 elsewhere.
  package func fill(_ numbers: inout MutableSpan<Float>, bernoulli probability: Double) {
    precondition(probability >= 0 && probability <= 1)
    twister.fill(&numbers, bernoulli: probability)
  }
}

/// The generator `mt19937`.
private struct MersenneTwister {
  private static let count = 624
  private static let middle = 397
  private var state: [UInt32]
  private var position = MersenneTwister.count

  init(seed: UInt32) {
    state = [seed]
    state.reserveCapacity(MersenneTwister.count)
    for i in 1..<MersenneTwister.count {
      let last = state[i - 1]
      state.append(1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(i))
    }
  }

  @inline(__always)
  mutating func next() -> UInt32 {
    if position == MersenneTwister.count { renew() }
    var word = state[position]
    position += 1
    word ^= word >> 11
    word ^= (word << 7) & 0x9d2c_5680
    word ^= (word << 15) & 0xefc6_0000
    return word ^ (word >> 18)
  }

  private mutating func renew() {
    let (last, middle) = (MersenneTwister.count - 1, MersenneTwister.middle)
    let split = MersenneTwister.count - middle
    var words = state.mutableSpan
    for i in 0..<split { words[i] = MersenneTwister.mix(words[i], words[i + 1], words[i + middle]) }
    for i in split..<last { words[i] = MersenneTwister.mix(words[i], words[i + 1], words[i - split]) }
    words[last] = MersenneTwister.mix(words[last], words[0], words[middle - 1])
    position = 0
  }

  @inline(__always)
  private static func mix(_ word: UInt32, _ next: UInt32, _ other: UInt32) -> UInt32 {
    let joined = (word & 0x8000_0000) | (next & 0x7fff_ffff)
    return other ^ (joined >> 1) ^ ((joined & 1) &* 0x9908_b0df)
  }
}

/// The distributions.
extension MersenneTwister {
  mutating func fill(_ numbers: inout MutableSpan<Float>, uniformFrom low: Float, to high: Float) {
    let limit = high.nextUp
    for i in numbers.indices { numbers[i] = uniform(low, width: limit - low, below: limit) }
  }

  mutating func fill(_ numbers: inout MutableSpan<Float>, normalWithMean mean: Float, deviation: Float) {
    for i in numbers.indices { numbers[i] = fma(normal(), deviation, mean) }
  }

  mutating func fill(_ numbers: inout MutableSpan<Float>, bernoulli probability: Double) {
    let limit = probability * 4_294_967_295
    for i in numbers.indices { numbers[i] = probability != 0 && Double(next()) <= limit ? 1 : 0 }
  }

  mutating func uniform(_ low: Float, width: Float, below limit: Float) -> Float {
    while true {
      let number = fma(Float(next()) * 0x1p-32, width, low)
      if number < limit { return number }
    }
  }

  private mutating func uniform01() -> Float {
    while true {
      let number = Float(next()) * 0x1p-32
      if number < 1 { return number }
    }
  }

  /// A fraction of 24 bits and, from the same draw, an integer of 8.
  private mutating func pair() -> (fraction: Float, integer: Int) {
    let word = next()
    return (Float(word >> 8) * 0x1p-24, Int(word & 255))
  }

  mutating func normal() -> Float {
    let (xs, ys) = (Ziggurat.normalX, Ziggurat.normalY)
    while true {
      let (fraction, integer) = pair()
      let (strip, sign): (Int, Float) = (integer >> 1, integer & 1 == 1 ? 1 : -1)
      let edge = Float(xs[strip])
      let x = fraction * edge
      if Double(x) < xs[strip + 1] { return x * sign }
      if strip == 0 { return sign * tail() }
      let bottom = Float(ys[strip])
      let (height, y) = heights(in: strip, of: ys)
      let chord = Float(xs[strip] - xs[strip + 1]) * height - (edge - x)
      let tangent = y - (bottom + ((edge - x) * bottom) * edge)
      let (upper, lower) = xs[strip] >= 1 ? (chord, tangent) : (tangent, chord)
      if upper < 0 && (lower < 0 || y < exp(-(x * x / 2))) { return x * sign }
    }
  }

  /// A height in the strip, as a part of it and in full.
  private mutating func heights(in strip: Int, of ys: [Double]) -> (part: Float, full: Float) {
    let part = uniform01()
    return (part, Float(ys[strip]) + part * Float(ys[strip + 1] - ys[strip]))
  }

  private mutating func tail() -> Float {
    let start = Float(Ziggurat.normalX[1])
    while true {
      let x = exponential() / start
      let y = exponential()
      if 2 * y > x * x { return x + start }
    }
  }

  mutating func exponential() -> Float {
    let (xs, ys) = (Ziggurat.exponentialX, Ziggurat.exponentialY)
    var shift: Float = 0
    while true {
      let (fraction, strip) = pair()
      let edge = Float(xs[strip])
      let x = fraction * edge
      let next = Float(xs[strip + 1])
      if x < next { return shift + x }
      if strip == 0 {
        shift += Float(xs[1])
        continue
      }
      let top = Float(ys[strip + 1])
      let (height, y) = heights(in: strip, of: ys)
      let upper = Float(xs[strip] - xs[strip + 1]) * height - (edge - x)
      let lower = y - (top + (next - x) * top)
      if upper < 0 && (lower < 0 || y < exp(-x)) { return shift + x }
    }
  }
}
