import Foundation
import HDF5
import Images
import LMDB
import Testing

/// The PNG that a Datum of `convert_imageset -encoded` holds: its field 4, found by the PNG's signature.
private func png(inDatum datum: [UInt8]) throws -> [UInt8] {
  let start = try #require(datum.indices.first { datum[$0...].starts(with: [0x89, 0x50, 0x4E, 0x47]) })
  let end = try #require(
    datum.indices.last { datum[...$0].suffix(8) == [0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82] })
  return Array(datum[start...end])
}

@Suite struct ImagesTests {
  /// What OpenCV decoded, bit for bit, of the six PNGs in a database.
  @Test(arguments: [(ImageMode.color, "force_color"), (.gray, "force_gray"), (.unchanged, "native")])
  func decodesAsOpenCV(mode: ImageMode, recorded: String) throws {
    let scratch = try Scratch()
    try FileManager.default.copyItem(atPath: fixture("lmdb_encoded_png"), toPath: scratch("db"))
    let file = try HDF5File(reading: fixture("lmdb_encoded_png.h5"))
    var cursor = try Cursor(path: scratch("db"))
    for index in 0..<6 {
      let datum = try #require(try cursor.next { _, value in copy(value) })
      let image = try Image(pngBytes: png(inDatum: datum), mode: mode)
      #expect(try file.shape(of: "\(recorded)/\(index)") == [image.channels, image.height, image.width])
      #expect(try file.bytes(at: "\(recorded)/\(index)") == image.planar())
    }
  }

  /// The PNGs in the database were written by OpenCV.
  @Test func encodesAsOpenCV() throws {
    let scratch = try Scratch()
    try FileManager.default.copyItem(atPath: fixture("lmdb_encoded_png"), toPath: scratch("db"))
    var cursor = try Cursor(path: scratch("db"))
    while let datum = try cursor.next({ _, value in copy(value) }) {
      let bytes = try png(inDatum: datum)
      #expect(try Image(pngBytes: bytes, mode: .unchanged).pngData() == bytes)
    }
  }

  @Test(arguments: [1, 3, 4]) func readsBackWhatItWrites(channels: Int) throws {
    let pixels = (0..<(7 * 5 * channels)).map { UInt8(truncatingIfNeeded: $0 * 37) }
    let image = Image(width: 7, height: 5, channels: channels, pixels: pixels)
    #expect(try Image(pngBytes: image.pngData(), mode: .unchanged) == image)
    #expect(image.planar()[0..<2] == [pixels[0], pixels[channels]])
  }

  @Test func readsFilesInEveryMode() throws {
    let sizes = [("colour.png", 44, 39, 3), ("gray.png", 61, 50, 1), ("with_alpha.png", 40, 48, 4)]
    for (name, width, height, channels) in sizes {
      let path = fixture("images/" + name)
      let unchanged = try Image(contentsOf: path, mode: .unchanged)
      #expect((unchanged.width, unchanged.height, unchanged.channels) == (width, height, channels))
      let (color, gray) = (try Image(pngContentsOf: path), try Image(pngContentsOf: path, mode: .gray))
      #expect(color.channels == 3 && gray.channels == 1)
      if channels == 1 {
        #expect(gray == unchanged)
        #expect(color.pixels == gray.pixels.flatMap { [$0, $0, $0] })
      } else {
        let kept = unchanged.pixels.enumerated().filter { $0.offset % channels < 3 }.map(\.element)
        #expect(color.pixels == kept)
      }
    }
  }

  @Test func refusesWhatIsNoPNG() throws {
    let scratch = try Scratch()
    func words(_ bytes: [UInt8]) throws -> String {
      try #require(throws: ImageError.self) { _ = try Image(pngBytes: bytes) }.words
    }
    #expect(try words([]) == "it is empty")
    #expect(try words([1, 2, 3]) == "it does not start as any image does")
    #expect(try words([0xFF, 0xD8, 0xFF, 0xE0]) == "JPEG images are not supported here")
    try write([0xFF, 0xD8, 0xFF, 0xE0], to: scratch("a.png"))
    let jpeg = try #require(throws: ImageError.self) { _ = try Image(contentsOf: scratch("a.png")) }
    #expect(jpeg.description.contains("damaged: ") && jpeg.file.hasSuffix("a.png"))
    let missing = try #require(throws: ImageError.self) { _ = try Image(contentsOf: scratch("no.png")) }
    #expect(missing.code == ENOENT && missing.call == "open")
    let folder = try #require(throws: ImageError.self) { _ = try Image(contentsOf: scratch.path) }
    #expect(folder.code == EISDIR)
  }

  @Test func refusesAFileThatIsTooShort() throws {
    for name in ["colour.png", "gray.png", "with_alpha.png"] {
      let whole = try contents(fixture("images/" + name))
      for size in 0..<whole.count {
        #expect(throws: ImageError.self, "\(name), \(size) bytes") { try Image(pngBytes: Array(whole.prefix(size))) }
      }
    }
  }

  /// Wherever a byte is wrong, decoding gives an image or an error; every chunk has a checksum.
  @Test(arguments: [ImageMode.color, .gray, .unchanged]) func survivesDamage(mode: ImageMode) throws {
    let whole = try contents(fixture("images/gray.png"))
    var refused = 0
    for offset in whole.indices {
      var bytes = whole
      bytes[offset] ^= 0x41
      do { _ = try Image(pngBytes: bytes, mode: mode) } catch { refused += 1 }
    }
    #expect(refused > whole.count * 9 / 10)
  }

  /// A header that promises 30000 x 30000 pixels, with a valid checksum, must not take gigabytes.
  @Test func refusesAHeaderThatPromisesTooMuch() throws {
    let header: [UInt8] = [
      0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0x75, 0x30, 0, 0,
      0x75, 0x30, 8, 2, 0, 0, 0,
    ]
    func checksum(_ bytes: [UInt8]) -> [UInt8] {
      var sum: UInt32 = 0xFFFF_FFFF
      for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
      }
      return unsafe withUnsafeBytes(of: (~sum).bigEndian) { unsafe [UInt8]($0) }
    }
    func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
      let count = UInt32(data.count).bigEndian
      return unsafe withUnsafeBytes(of: count) { unsafe [UInt8]($0) } + Array(name.utf8) + data
        + checksum(Array(name.utf8) + data)
    }
    let bytes =
      header + checksum(Array(header[12...])) + chunk("IDAT", [0x78, 1, 3, 0, 0, 0, 0, 1]) + chunk("IEND", [])
    let error = try #require(throws: ImageError.self) { _ = try Image(pngBytes: bytes) }
    #expect(error.words.contains("30000 x 30000"))
  }
}
