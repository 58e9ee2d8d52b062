/// Which channels a decoded image shall have; OpenCV's `imread` has the same three.
public enum ImageMode: Sendable {
  /// Three channels, blue first: gray is repeated, alpha dropped, 16 bits shortened to 8.
  case color
  /// One channel: colour is weighted (0.299 red, 0.587 green, the rest blue), alpha dropped, 16 bits shortened to 8.
  case gray
  /// As the file has them: gray one, colour three (blue first), with alpha four; not turned as EXIF data ask for. 16 bits
  /// are an error.
  case unchanged
}

/// An image of 8-bit samples.
public struct Image: Equatable, Sendable {
  /// The number of columns.
  public let width: Int
  /// The number of rows.
  public let height: Int
  /// 1 (gray), 3 (blue, green, red) or 4 (and alpha).
  public let channels: Int
  /// Rows from the top, pixels from the left, the channels of a pixel together: `height` x `width` x `channels`.
  public let pixels: [UInt8]
  /// What was wrong with the file, in the words of the library, if it could be decoded all the same: a JPEG that ends early is
  /// as gray from there on as in OpenCV.
  public internal(set) var damage: String?

  /// An image of these pixels, whose count must be `height` x `width` x `channels`.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && channels > 0 && pixels.count == width * height * channels)
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }
}

/// The kinds of image file that are known by how they start.
public enum ImageFormat: String, Sendable {
  case png = "PNG"
  case jpeg = "JPEG"
  case jpeg2000 = "JPEG 2000"
  case gif = "GIF"
  case bmp = "BMP"
  /// PBM, PGM and PPM, in text and binary form.
  case netpbm = "PBM, PGM or PPM"
  case tiff = "TIFF"
  case webp = "WebP"

  /// The bytes that tell each format, and where they are; the first row that fits decides.
  private static let signatures: [(format: ImageFormat, offset: Int, bytes: [UInt8])] = [
    (.png, 0, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A]),
    (.jpeg, 0, [0xFF, 0xD8, 0xFF]),
    (.jpeg2000, 4, [0x6A, 0x50, 0x20, 0x20, 0x0D, 0x0A]),
    (.jpeg2000, 0, [0xFF, 0x4F, 0xFF, 0x51]),
    (.gif, 0, [0x47, 0x49, 0x46, 0x38]),
    (.bmp, 0, [0x42, 0x4D]),
    (.tiff, 0, [0x49, 0x49, 0x2A, 0x00]),
    (.tiff, 0, [0x4D, 0x4D, 0x00, 0x2A]),
    (.webp, 8, [0x57, 0x45, 0x42, 0x50]),
  ]

  /// The format that bytes start as; nil if it is none of these.
  public init?(signatureOf bytes: RawSpan) {
    let start = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0.prefix(16)) }
    let isNetpbm = start.count > 2 && start[0] == 0x50 && (0x31...0x36).contains(start[1])
    if isNetpbm, start[2] == 0x20 || (0x09...0x0D).contains(start[2]) {
      self = .netpbm
      return
    }
    let match = Self.signatures.first { start.dropFirst($0.offset).starts(with: $0.bytes) }
    guard let match else { return nil }
    self = match.format
  }
}
