import Images
import Prototxt

extension Picture {
  init(_ image: Image) {
    self.init(channels: image.channels, height: image.height, width: image.width, isInterleaved: true)
  }
}

extension Transformer {
  /// The image of an encoded record, with the channels that the settings ask for.
  func decode(_ record: Span<UInt8>, _ range: Range<Int>) throws(Diagnostic) -> Image {
    let mode = try settings.decodingMode()
    let bytes = unsafe record.extracting(range).bytes
    do throws(ImageError) { return try Image(bytes: bytes, mode: mode) } catch {
      throw Diagnostic("its \(range.count) bytes are no image that can be decoded: \(error)")
    }
  }

  /// The image of a record: its sizes, and its pixels if the record holds an image file.
  struct Opened {
    let picture: Picture
    fileprivate let image: Image?

    /// What is wrong with the image file, if it could be decoded all the same.
    var damage: String? { image?.damage }
  }

  /// Decodes the image of a record, if it holds an image file, and checks its sizes if not.
  func opened(_ datum: Datum, _ record: Span<UInt8>) throws(Diagnostic) -> Opened {
    guard !datum.isEncoded else {
      let image = try decode(record, datum.bytes)
      return Opened(picture: Picture(image), image: image)
    }
    try datum.checkCounts()
    return Opened(
      picture: Picture(channels: datum.channels, height: datum.height, width: datum.width), image: nil)
  }

  /// Writes the image of a record, transformed, into `numbers` from `start` on.
  ///
  /// - Parameters:
  ///   - shape: the channels, height and width that the transformed image must have.
  ///   - floats: memory to be used again for `float_data`.
  func write(
    _ opened: Opened, _ datum: Datum, _ record: Span<UInt8>, _ shape: [Int], into numbers: inout MutableSpan<Float>,
    at start: Int, _ floats: inout [Float], _ random: RandomStream?
  ) throws(Diagnostic) {
    let (picture, advice) = (opened.picture, "convert them with --resize_height and --resize_width")
    if let image = opened.image { return try write(image, shape, into: &numbers, at: start, random, advice) }
    try check(picture, shape, advice)
    let cut = cut(picture, random)
    if datum.hasBytes {
      write(record, from: datum.bytes.lowerBound, picture, cut, into: &numbers, at: start) { Float($0) }
    } else {
      try datum.readFloats(of: record, into: &floats)
      write(floats.span, from: 0, picture, cut, into: &numbers, at: start) { $0 }
    }
  }

  /// Writes an image, transformed, into `numbers` from `start` on.
  ///
  /// - Parameters:
  ///   - shape: the channels, height and width that the transformed image must have.
  ///   - advice: how images get one size.
  func write(
    _ image: Image, _ shape: [Int], into numbers: inout MutableSpan<Float>, at start: Int, _ random: RandomStream?,
    _ advice: String
  ) throws(Diagnostic) {
    let picture = Picture(image)
    try check(picture, shape, advice)
    let cut = cut(picture, random)
    write(image.pixels.span, from: 0, picture, cut, into: &numbers, at: start) { Float($0) }
  }

  private func check(_ picture: Picture, _ wanted: [Int], _ advice: String) throws(Diagnostic) {
    let found = try shape(picture)
    guard found == wanted else {
      throw Diagnostic(
        "its image is \(Shape(found)), but the first one of the batch is \(Shape(wanted)) (channels x height x width); "
          + "all images of a batch must have one size: \(advice), crop them, or use batch_size: 1"
      )
    }
  }
}
