import Foundation
import Scenes
import Testing

@Suite("Scenes that the project makes itself")
struct ScenesTests {
  private static let scenes = (0..<96).map { SceneGenerator(seed: 7).scene($0) }

  private static func hash(_ bytes: [UInt8], from start: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
    bytes.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  /// The mean absolute value of the second difference along rows, over all planes.
  private static func roughness(_ scene: Scene) -> Double {
    let side = scene.side
    var sum = 0
    for row in 0..<(3 * side) {
      for x in 1..<(side - 1) {
        let index = row * side + x
        sum += abs(2 * Int(scene.pixels[index]) - Int(scene.pixels[index - 1]) - Int(scene.pixels[index + 1]))
      }
    }
    return Double(sum) / Double(3 * side * (side - 2))
  }

  private static func meanRoughness(_ kind: Kind) -> Double {
    let values = scenes.filter { $0.kind == kind }.map(roughness)
    return values.reduce(0, +) / Double(values.count)
  }

  @Test("A scene depends on nothing but the seed and the index")
  func deterministic() {
    let generator = SceneGenerator(seed: 7)
    #expect(generator.scene(41).pixels == Self.scenes[41].pixels)
    #expect(SceneGenerator(seed: 7).scene(5).pixels == Self.scenes[5].pixels)
    #expect(generator.scene(5).pixels != generator.scene(6).pixels)
    #expect(SceneGenerator(seed: 8).scene(5).pixels != Self.scenes[5].pixels)
  }

  @Test("The first twelve scenes of seed 7 have the same bytes on every machine")
  func knownAnswer() {
    let answer = Self.scenes.prefix(12).reduce(0xCBF2_9CE4_8422_2325) { Self.hash($1.pixels, from: $0) }
    #expect(answer == 17_222_222_145_511_970_019)
  }

  @Test("Several threads at once get what one thread gets")
  func threads() async {
    let generator = SceneGenerator(seed: 7)
    let hashes = await withTaskGroup(of: (Int, UInt64).self) { group in
      for index in 0..<16 { group.addTask { (index, Self.hash(generator.scene(index).pixels)) } }
      return await group.reduce(into: [Int: UInt64]()) { $0[$1.0] = $1.1 }
    }
    #expect(hashes.count == 16)
    for (index, value) in hashes { #expect(value == Self.hash(Self.scenes[index].pixels)) }
  }

  @Test("Every six scenes hold three untouched ones and one of each manipulation; the order varies")
  func balance() {
    let generator = SceneGenerator(seed: 3)
    var orders = Set<[Kind]>()
    for block in 0..<40 {
      let kinds = (0..<6).map { generator.kind(6 * block + $0) }
      #expect(kinds.count { $0 == .untouched } == 3)
      #expect(Set(kinds).count == Kind.allCases.count)
      orders.insert(kinds)
    }
    #expect(orders.count > 20)
    for (index, scene) in Self.scenes.enumerated() {
      #expect(scene.kind == SceneGenerator(seed: 7).kind(index))
      #expect(scene.label == (scene.kind == .untouched ? 0 : 1))
    }
  }

  @Test("Any side works, and the bytes are three planes", arguments: [1, 8, 33, 64, 200])
  func sides(side: Int) {
    let generator = SceneGenerator(seed: 1, side: side)
    #expect(generator.side == max(8, side))
    for index in 0..<12 {
      let scene = generator.scene(index)
      #expect(scene.side == generator.side)
      #expect(scene.pixels.count == 3 * scene.side * scene.side)
    }
  }

  @Test("Extreme seeds and indices are as good as others")
  func extremes() {
    for (seed, index) in [(UInt64.max, Int.max), (0, -1), (1 << 63, Int.min)] {
      #expect(SceneGenerator(seed: seed, side: 16).scene(index).pixels.count == 768)
    }
  }

  @Test("Exposure is a photograph's: neither dark nor washed out, with contrast and colour")
  func exposure() {
    var means: [Double] = []
    for scene in Self.scenes {
      let count = scene.side * scene.side
      let green = scene.pixels[count..<(2 * count)].map(Double.init)
      let mean = green.reduce(0, +) / Double(count)
      let deviation = (green.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot()
      #expect(mean > 50 && mean < 190, "mean \(mean)")
      #expect(deviation > 6 && deviation < 90, "deviation \(deviation)")
      means.append(mean)
    }
    let average = means.reduce(0, +) / Double(means.count)
    #expect(average > 90 && average < 150, "average \(average)")
  }

  @Test("The power spectrum falls with about the second to third power of the frequency, as in photographs")
  func spectrum() {
    let untouched = Self.scenes.filter { $0.kind == .untouched }.prefix(16)
    var power = [Double](repeating: 0, count: 65)
    for scene in untouched {
      let spectrum = RadialSpectrum.of(scene)
      for index in power.indices { power[index] += spectrum[index] }
    }
    let slope = (log(power[24]) - log(power[3])) / (log(24) - log(3))
    #expect(slope > -3.2 && slope < -1.6, "slope \(slope)")
    let tail = (log(power[60]) - log(power[40])) / (log(60) - log(40))
    #expect(tail > slope, "noise flattens the end: \(tail)")
  }

  @Test("A median filter and interpolation smooth; neither leaves the picture as it was")
  func manipulationsSmooth() {
    let untouched = Self.meanRoughness(.untouched)
    let median = Self.meanRoughness(.medianFiltered)
    let resampled = Self.meanRoughness(.resampled)
    #expect(median < 0.6 * untouched, "\(median) against \(untouched)")
    #expect(resampled < 0.7 * untouched, "\(resampled) against \(untouched)")
  }

  @Test("A generator's upsampling leaves a pattern of period two that untouched pictures lack")
  func upsamplingLeavesACheckerboard() {
    func pattern(_ scene: Scene) -> Double {
      let side = scene.side
      var largest = 0.0
      for (stepX, stepY) in [(1, 0), (0, 1), (1, 1)] {
        var sum = 0
        for y in 0..<side {
          for x in 0..<side {
            let sign = (x * stepX + y * stepY) % 2 == 0 ? 1 : -1
            sum += sign * Int(scene.pixels[side * side + y * side + x])
          }
        }
        largest = max(largest, abs(Double(sum)) / Double(side * side))
      }
      return largest
    }
    func mean(_ kind: Kind) -> Double {
      let values = Self.scenes.filter { $0.kind == kind }.map(pattern)
      return values.reduce(0, +) / Double(values.count)
    }
    #expect(mean(.upsampled) > 5 * mean(.untouched), "\(mean(.upsampled)) against \(mean(.untouched))")
  }
}

/// The power of a scene's green plane by distance from frequency 0, in cycles across the scene.
private enum RadialSpectrum {
  static func of(_ scene: Scene) -> [Double] {
    let side = scene.side
    let plane = scene.pixels[(side * side)..<(2 * side * side)].map(Double.init)
    let mean = plane.reduce(0, +) / Double(plane.count)
    let window = (0..<side).map { 0.5 - 0.5 * cos(2 * Double.pi * (Double($0) + 0.5) / Double(side)) }
    let cosines = (0..<side).map { cos(2 * Double.pi * Double($0) / Double(side)) }
    let sines = (0..<side).map { sin(2 * Double.pi * Double($0) / Double(side)) }
    let half = side / 2 + 1
    var rowReal = [Double](repeating: 0, count: side * half)
    var rowImaginary = rowReal
    for y in 0..<side {
      for u in 0..<half {
        for x in 0..<side {
          let value = (plane[y * side + x] - mean) * window[x] * window[y]
          rowReal[y * half + u] += value * cosines[u * x % side]
          rowImaginary[y * half + u] -= value * sines[u * x % side]
        }
      }
    }
    var power = [Double](repeating: 0, count: half)
    var counts = [Int](repeating: 0, count: half)
    for u in 0..<half {
      for v in 0..<side {
        let vertical = v < half ? v : side - v
        let radius = Int(Double(u * u + vertical * vertical).squareRoot().rounded())
        guard radius < half else { continue }
        var (real, imaginary) = (0.0, 0.0)
        for y in 0..<side {
          let (c, s) = (cosines[v * y % side], sines[v * y % side])
          real += rowReal[y * half + u] * c + rowImaginary[y * half + u] * s
          imaginary += rowImaginary[y * half + u] * c - rowReal[y * half + u] * s
        }
        power[radius] += real * real + imaginary * imaginary
        counts[radius] += 1
      }
    }
    return zip(power, counts).map { $0 / Double(max(1, $1)) }
  }
}
