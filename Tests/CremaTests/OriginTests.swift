import Scenes
import Testing

@Suite("Images of eight origins")
struct OriginTests {
  private static let scenes = try? (0..<96).map { try OriginGenerator(seed: 7).scene($0) }

  /// The mean absolute second difference along the rows of the green plane, at columns that a condition picks.
  private static func roughness(_ scene: OriginScene, _ isCounted: (Int) -> Bool = { _ in true }) -> Double {
    let side = 128
    var sum = 0, count = 0
    for y in 0..<side {
      for x in 1..<(side - 2) where isCounted(x) {
        let index = side * side + y * side + x
        let step = Int(scene.pixels[index + 1]) - Int(scene.pixels[index])
        let before = Int(scene.pixels[index]) - Int(scene.pixels[index - 1])
        (sum, count) = (sum + abs(step - before), count + 1)
      }
    }
    return Double(sum) / Double(count)
  }

  private static func mean(_ origin: Origin, _ value: (OriginScene) -> Double) throws -> Double {
    let values = try #require(scenes).filter { $0.origin == origin }.map(value)
    return values.reduce(0, +) / Double(values.count)
  }

  @Test("An image depends on nothing but the seed and the index, also when several threads ask")
  func deterministic() async throws {
    let scenes = try #require(Self.scenes), generator = OriginGenerator(seed: 7)
    #expect(try OriginGenerator(seed: 8).scene(5).pixels != scenes[5].pixels)
    #expect(scenes[5].pixels != scenes[6].pixels)
    let images = await withTaskGroup(of: (Int, [UInt8]?).self) { group in
      for index in 0..<16 { group.addTask { (index, try? generator.scene(index).pixels) } }
      return await group.reduce(into: [Int: [UInt8]]()) { $0[$1.0] = $1.1 }
    }
    for (index, pixels) in images { #expect(pixels == scenes[index].pixels) }
    #expect(images.count == 16)
  }

  @Test("Every eight images hold each origin once; the order varies")
  func balance() throws {
    let generator = OriginGenerator(seed: 3)
    var orders = Set<[Origin]>()
    for block in 0..<40 {
      let origins = (0..<8).map { generator.origin(8 * block + $0) }
      #expect(Set(origins).count == Origin.allCases.count)
      orders.insert(origins)
    }
    #expect(orders.count > 35)
    for (index, scene) in try #require(Self.scenes).enumerated() {
      #expect(scene.origin == OriginGenerator(seed: 7).origin(index))
    }
  }

  @Test("Any side works, and the bytes are three planes", arguments: [1, 8, 33, 200])
  func sides(side: Int) throws {
    let generator = OriginGenerator(seed: 1, side: side)
    for index in 0..<8 { #expect(try generator.scene(index).pixels.count == 3 * generator.side * generator.side) }
  }

  @Test(
    "Origins leave their traces: sharpening roughens, filters and interpolation smooth, JPEG leaves blocks of eight")
  func traces() throws {
    let plain = try Self.mean(.plainCamera) { Self.roughness($0) }
    #expect(try Self.mean(.sharpCamera) { Self.roughness($0) } > 1.2 * plain)
    let weak = try Self.mean(.weakMedian) { Self.roughness($0) }
    let strong = try Self.mean(.strongMedian) { Self.roughness($0) }
    #expect(weak < plain && strong < 0.8 * weak, "\(plain) \(weak) \(strong)")
    func blocks(_ origin: Origin) throws -> Double {
      try Self.mean(origin) { scene in
        Self.roughness(scene) { $0 % 8 == 7 } / Self.roughness(scene) { $0 % 8 == 3 }
      }
    }
    let phone = try blocks(.phone), sharp = try blocks(.sharpCamera)
    #expect(phone > 1.05 && phone > sharp + 0.04, "\(phone) \(sharp)")
  }
}
