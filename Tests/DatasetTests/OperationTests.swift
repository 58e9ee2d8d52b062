import Datasets
import Foundation
import Images
import Testing

/// The paper's operations against what OpenCV 4.6 made of the same images.
@Suite struct OperationTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let width: Int, height: Int, channels: Int
    let pattern: String, operation: String
    let size: [Int]
    let hash: String
    let pixels: [UInt8]?

    var testDescription: String { "\(operation) of \(pattern) \(width)x\(height)x\(channels)" }

    /// The image that OpenCV was given.
    var image: Image {
      var pixels: [UInt8] = [], state = UInt64(width * 100 + height)
      for y in 0..<height {
        for x in 0..<width {
          for k in 0..<channels {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let smooth = (x * 3 + y * 5 + k * 40 + (x / 7 + y / 5) % 2 * 60) % 256
            pixels.append(pattern == "noise" ? UInt8(state >> 56) : UInt8(smooth))
          }
        }
      }
      return Image(width: width, height: height, channels: channels, pixels: pixels)
    }
  }

  private struct Recording: Decodable { let cases: [Case] }

  static let cases: [Case] = {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let url = URL(fileURLWithPath: "\(folder)/Fixtures/opencv_operations.json")
    return (try? JSONDecoder().decode(Recording.self, from: Data(contentsOf: url)).cases) ?? []
  }()

  @Test func theRecordingIsThere() { #expect(Self.cases.count > 200) }

  @Test(arguments: cases) func equalsOpenCV(_ one: Case) throws {
    let operation = try #require(OperationRule(one.operation)?.choices.first)
    let result = try operation(one.image)
    #expect([result.width, result.height] == one.size)
    if let pixels = one.pixels { #expect(result.pixels == pixels) }
    let hash = result.pixels.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    #expect(String(repeating: "0", count: 16 - String(hash, radix: 16).count) + String(hash, radix: 16) == one.hash)
  }

  @Test func jpeg2000LosesMoreAtHigherRatios() throws {
    let image = Case(
      width: 96, height: 64, channels: 3, pattern: "smooth", operation: "", size: [], hash: "", pixels: nil
    ).image
    let losses = try [1.0, 4, 16].map { ratio in
      let result = try image.throughJPEG2000(ratio: ratio)
      return zip(result.pixels, image.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    }
    #expect(losses[0] == 0, "a ratio of 1 is lossless")
    #expect(losses[1] < losses[2] && losses[2] > 0)
  }

  @Test(arguments: [
    ("ME-mix", 3), ("GB-mix", 3), ("MED-mix", 3), ("GC-mix", 8), ("JP-mix", 31), ("JP2-mix", 61), ("SC-mix", 23),
    ("Raw", 1), ("JP2:4", 1),
  ])
  func mixesDrawFromTheTable(_ name: String, _ count: Int) throws {
    let rule = try #require(OperationRule(name))
    #expect(rule.choices.count == count)
    #expect(rule.operation(0) == rule.choices[0] && rule.operation(.max) == rule.choices[count - 1])
  }

  @Test(arguments: ["ME4", "JP101", "JP", "JP2:0.5", "SC10", "SC+0", "XX-mix", "raw", "GC", "GC0"])
  func otherNamesAreNoRules(_ name: String) { #expect(OperationRule(name) == nil) }
}
