import Foundation
import Images
import Testing

/// Decoding and resizing, compared bit for bit with recordings: what `imread`, `imdecode` and `resize` of Python's
/// opencv-python-headless 4.6.0.66 gave.
@Suite struct OpenCVTests {
  private struct Recording: Decodable {
    /// An image file; each result is `width x height x channels` and a checksum, or nil if OpenCV refused it.
    struct Picture: Decodable {
      let name: String
      let bytes: Data
      let file: [String: String?]
      let memory: [String: String?]?
      let resized: String?
    }

    struct Resize: Decodable {
      let channels: Int
      let width: Int
      let height: Int
      let seed: UInt32
      let result: String
    }

    let images: [Picture]
    let resizes: [Resize]
  }

  private let recording: Recording
  private let modes: [(name: String, mode: ImageMode)] = [
    ("color", .color), ("gray", .gray), ("unchanged", .unchanged),
  ]

  init() throws {
    recording = try JSONDecoder().decode(Recording.self, from: Data(contents(fixture("opencv.json"))))
  }

  private func sizes(_ image: Image) -> String { "\(image.width)x\(image.height)x\(image.channels)" }

  private func summary(_ image: Image) -> String {
    var hash: UInt64 = 1_469_598_103_934_665_603
    for byte in image.pixels { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
    let digits = String(hash, radix: 16)
    return "\(sizes(image)) " + String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// What OpenCV's recording would say.
  private func summary(_ decode: () throws(ImageError) -> Image) -> String? {
    do throws(ImageError) { return summary(try decode()) } catch {
      return error.words == "its samples have 16 bits, 8 are wanted" ? "16 bits" : nil
    }
  }

  @Test func decodesFilesAsImread() throws {
    let scratch = try Scratch()
    #expect(recording.images.count > 70)
    for picture in recording.images {
      try write([UInt8](picture.bytes), to: scratch("image"))
      for (name, mode) in modes {
        let found = summary { () throws(ImageError) in try Image(contentsOf: scratch("image"), mode: mode) }
        #expect(found == (try #require(picture.file[name])), "\(picture.name), \(name)")
      }
    }
  }

  @Test func decodesMemoryAsImdecode() throws {
    for picture in recording.images {
      let bytes = [UInt8](picture.bytes), expected = picture.memory ?? picture.file
      for (name, mode) in modes {
        let found = summary { () throws(ImageError) in try unsafe Image(bytes: bytes.span.bytes, mode: mode) }
        #expect(found == (try #require(expected[name])), "\(picture.name), \(name)")
      }
    }
  }

  @Test func resizesWhatItDecodes() throws {
    for picture in recording.images where picture.resized != nil {
      let bytes = [UInt8](picture.bytes)
      let image = try unsafe Image(bytes: bytes.span.bytes)
      #expect(summary(try image.resized(width: 13, height: 8)) == picture.resized, "\(picture.name)")
    }
  }

  /// Resizing row by row while a file is decoded gives what resizing it afterwards gives, also of damaged and turned images.
  @Test func resizesWhileItDecodes() throws {
    let scratch = try Scratch()
    for picture in recording.images {
      try write([UInt8](picture.bytes), to: scratch("image"))
      for (name, mode) in modes {
        guard let image = try? Image(contentsOf: scratch("image"), mode: mode) else { continue }
        let (width, height) = (image.width, image.height)
        for size in [
          (13, 8), (width, height + 1), (max(1, width / 2), max(1, height / 2)), (2 * width, 3 * height), (1, 1),
        ] {
          let found = try Image(contentsOf: scratch("image"), mode: mode, size: size)
          #expect(try found == image.resized(width: size.0, height: size.1), "\(picture.name), \(name), \(size)")
        }
      }
    }
  }

  @Test func resizesAsOpenCV() throws {
    for resize in recording.resizes {
      var state = resize.seed
      let pixels = (0..<resize.width * resize.height * resize.channels).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return UInt8(state >> 24)
      }
      let image = Image(width: resize.width, height: resize.height, channels: resize.channels, pixels: pixels)
      let sides = resize.result.split(whereSeparator: { $0 == "x" || $0 == " " }).prefix(2).compactMap { Int($0) }
      let found = summary(try image.resized(width: sides[0], height: sides[1]))
      #expect(found == resize.result, "\(sizes(image)) to \(resize.result)")
    }
  }

  /// Wherever bytes are wrong or missing, decoding gives an image or an error.
  @Test(arguments: [ImageMode.color, .gray, .unchanged]) func survivesDamage(mode: ImageMode) {
    var random = Numbers()
    let pictures = recording.images.filter {
      $0.name.hasPrefix("bmp") || $0.name.hasPrefix("rle") || $0.name.hasPrefix("p")
    }
    var refused = 0
    for _ in 0..<20000 {
      guard let picture = pictures.randomElement(using: &random) else { return }
      var bytes = [UInt8](picture.bytes)
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        bytes[Int.random(in: 2..<min(bytes.count, 80), using: &random)] = .random(in: 0...255, using: &random)
      }
      if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
      do { _ = try unsafe Image(bytes: bytes.span.bytes, mode: mode) } catch { refused += 1 }
    }
    #expect(refused > 1000)
  }

  @Test(arguments: [
    ("GIF89a", "GIF images are not supported"), ("RIFF\u{1}\u{2}\u{3}\u{4}WEBPVP8 ", "WebP images are not supported"),
    ("II*\u{0}", "TIFF images are not supported"), ("P7\nWIDTH 2", "it does not start as any image does"),
    ("BM", "damaged: the bytes end in the header"), ("P6 2 2 255 abc", "damaged: the bytes end too early"),
    ("P5 99999 99999 255 abc", "its header promises 99999 x 99999 pixels, more than the file can hold"),
  ])
  func saysWhatItCannotRead(text: String, words: String) throws {
    let bytes = Array(text.utf8)
    let error = try #require(throws: ImageError.self) { _ = try unsafe Image(bytes: bytes.span.bytes) }
    #expect(error.words == words)
    if words.hasSuffix("supported") { #expect(error.advice == "convert it to PNG or JPEG first") }
  }
}

/// The same numbers in every run.
private struct Numbers: RandomNumberGenerator {
  private var state: UInt64 = 1

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}
