import CImages

extension Image {
  /// Decodes an image file of any supported format, told by its content.
  ///
  /// Throws if the file cannot be read, is damaged, or has a format that is not supported.
  public init(contentsOf path: String, mode: ImageMode = .color) throws(ImageError) {
    let bytes = try fileBytes(path)
    self = try unsafe Self.decode(bytes.span.bytes, mode: mode, file: path, only: nil)
  }

  /// Decodes the bytes of an image file of any supported format, told by its content.
  ///
  /// Throws if it is damaged, or has a format that is not supported.
  public init(bytes: RawSpan, mode: ImageMode = .color) throws(ImageError) {
    self = try Self.decode(bytes, mode: mode, file: "", only: nil)
  }

  /// Decodes a PNG file. Throws if it cannot be read, is no PNG, or is damaged.
  public init(pngContentsOf path: String, mode: ImageMode = .color) throws(ImageError) {
    let bytes = try fileBytes(path)
    self = try unsafe Self.decode(bytes.span.bytes, mode: mode, file: path, only: .png)
  }

  /// Decodes the bytes of a PNG file. Throws if they are no PNG, or damaged.
  public init(pngBytes: RawSpan, mode: ImageMode = .color) throws(ImageError) {
    self = try Self.decode(pngBytes, mode: mode, file: "", only: .png)
  }

  /// Decodes the bytes of a PNG file. Throws if they are no PNG, or damaged.
  public init(pngBytes: [UInt8], mode: ImageMode = .color) throws(ImageError) {
    try unsafe self.init(pngBytes: pngBytes.span.bytes, mode: mode)
  }

  private static func decode(
    _ bytes: RawSpan, mode: ImageMode, file: String, only wanted: ImageFormat?
  ) throws(ImageError) -> Image {
    let format = ImageFormat(signatureOf: bytes)
    guard format == .png else {
      let place = wanted == nil ? "" : " here"
      var found = "it does not start as any image does"
      if bytes.byteCount == 0 { found = "it is empty" }
      if let format { found = "\(format.rawValue) images are not supported\(place)" }
      throw ImageError(
        call: "signature", file: file, code: CInt(CREMA_IMAGE_DAMAGED), words: found,
        advice: "use PNG: convert the image")
    }
    return try decodePNG(bytes, mode: mode, file: file)
  }

  private static func decodePNG(_ bytes: RawSpan, mode: ImageMode, file: String) throws(ImageError) -> Image {
    let number =
      switch mode {
      case .color: CREMA_IMAGE_COLOR
      case .gray: CREMA_IMAGE_GRAY
      case .unchanged: CREMA_IMAGE_UNCHANGED
      }
    var decoded = unsafe crema_image()
    let code = unsafe bytes.withUnsafeBytes {
      unsafe crema_png_decode($0.baseAddress, $0.count, CInt(number), &decoded)
    }
    guard code == CREMA_IMAGE_OK else {
      throw unsafe error("png_read_image", file, code, text(of: &decoded.message), (decoded.width, decoded.height))
    }
    let pixels = unsafe [UInt8](
      UnsafeRawBufferPointer(start: decoded.pixels, count: decoded.width * decoded.height * decoded.channels))
    unsafe crema_image_free(decoded.pixels)
    return unsafe Image(width: decoded.width, height: decoded.height, channels: decoded.channels, pixels: pixels)
  }

  /// The bytes of a PNG file with this image, the same on every machine; 1, 3 or 4 channels.
  public func pngData() throws(ImageError) -> [UInt8] {
    var encoded = unsafe crema_encoded()
    let code = unsafe pixels.withUnsafeBytes {
      unsafe crema_png_encode($0.baseAddress, width, height, channels, &encoded)
    }
    guard code == CREMA_IMAGE_OK else {
      throw ImageError(
        call: "png_write_image", file: "", code: code,
        words: unsafe code == CREMA_IMAGE_TOO_LARGE
          ? "\(width) x \(height) with \(channels) channels does not fit in a PNG"
          : Self.text(of: &encoded.message),
        advice: "write 1, 3 or 4 channels of at most 1048576 x 1048576 pixels")
    }
    defer { unsafe crema_image_free(encoded.bytes) }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: encoded.bytes, count: encoded.count))
  }

  private static func error(
    _ call: String, _ file: String, _ code: CInt, _ words: String, _ size: (width: Int, height: Int)
  ) -> ImageError {
    let (found, advice) =
      switch Int(code) {
      case Int(CREMA_IMAGE_SIXTEEN_BIT):
        ("its samples have 16 bits, 8 are wanted", "convert it to 8 bits, or ask for colour or gray")
      case Int(CREMA_IMAGE_TOO_LARGE):
        ("its header promises \(size.width) x \(size.height) pixels, more than the file can hold", "copy it again")
      case Int(CREMA_IMAGE_NO_MEMORY):
        ("no memory is left for \(size.width) x \(size.height) pixels", "use a smaller image")
      default: ("damaged: " + words, "copy it again, or leave it out")
      }
    return ImageError(call: call, file: file, code: code, words: found, advice: advice)
  }

  /// The text in a C array of characters.
  private static func text<Characters>(of characters: inout Characters) -> String {
    unsafe withUnsafeBytes(of: &characters) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
