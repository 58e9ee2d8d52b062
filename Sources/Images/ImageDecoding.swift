import CImages

extension Image {
  /// From now on this process keeps memory that it frees, up to 256 MB: many images one after the other spare the system the clearing
  /// of new pages.
  public static func keepFreedMemory() { crema_keep_freed_memory() }

  /// Decodes an image file of any supported format, told by its content, and gives it another size if one is named: the same as
  /// `resized`, without an image of the file's own size between.
  ///
  /// Throws if the file cannot be read, is damaged, or has a format that is not supported.
  public init(
    contentsOf path: String, mode: ImageMode = .color, size: (width: Int, height: Int)? = nil
  ) throws(ImageError) {
    let bytes = try fileBytes(path)
    self = try unsafe Self.decode(bytes.span.bytes, mode: mode, file: path, only: nil, size: size)
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
    _ bytes: RawSpan, mode: ImageMode, file: String, only wanted: ImageFormat?, size: (width: Int, height: Int)? = nil
  ) throws(ImageError) -> Image {
    let format = try format(of: bytes, file: file, only: wanted)
    let number =
      switch mode {
      case .color: CREMA_IMAGE_COLOR
      case .gray: CREMA_IMAGE_GRAY
      case .unchanged: CREMA_IMAGE_UNCHANGED
      }
    let (mode, waits) = (CInt(number), CInt(file.isEmpty ? 1 : 0)), newSize = size ?? (0, 0)
    var decoded = unsafe crema_image()
    let code = unsafe bytes.withUnsafeBytes { memory in
      switch format {
      case .jpeg:
        unsafe crema_jpeg_decode(
          memory.baseAddress, memory.count, mode, waits, newSize.width, newSize.height, &decoded)
      case .bmp: unsafe crema_bmp_decode(memory.baseAddress, memory.count, mode, &decoded)
      case .netpbm: unsafe crema_netpbm_decode(memory.baseAddress, memory.count, mode, &decoded)
      default: unsafe crema_png_decode(memory.baseAddress, memory.count, mode, &decoded)
      }
    }
    let (width, height, words) = unsafe (decoded.width, decoded.height, text(of: &decoded.message))
    guard code == CREMA_IMAGE_OK else {
      let calls = [ImageFormat.jpeg: "jpeg_read_scanlines", .png: "png_read_image"]
      throw error(calls[format] ?? "read \(format.rawValue)", file, code, words, (width, height))
    }
    defer { unsafe crema_image_free(decoded.pixels) }
    var image = try unsafe Self.image(decoded, size ?? (width, height))
    if unsafe decoded.warnings > 0 { image.damage = words }
    return image
  }

  /// A copy of a decoded image, in the size that is wanted.
  private static func image(_ decoded: crema_image, _ size: (width: Int, height: Int)) throws(ImageError) -> Image {
    let (width, height, channels) = unsafe (decoded.width, decoded.height, decoded.channels)
    if size == (width, height) {
      let pixels = unsafe [UInt8](UnsafeRawBufferPointer(start: decoded.pixels, count: width * height * channels))
      return Image(width: width, height: height, channels: channels, pixels: pixels)
    }
    return try unsafe resize(
      decoded.pixels, Region(x: 0, y: 0, width: width, height: height), stride: width * channels, channels: channels,
      to: size)
  }

  /// The format that bytes start as. Throws unless it is one that can be decoded, and the one that is wanted, if one is.
  private static func format(
    of bytes: RawSpan, file: String, only wanted: ImageFormat?
  ) throws(ImageError) -> ImageFormat {
    let format = ImageFormat(signatureOf: bytes)
    let decoders: [ImageFormat] = [.png, .jpeg, .bmp, .netpbm]
    if let format, wanted == nil ? decoders.contains(format) : format == wanted { return format }
    let place = wanted == nil ? "" : " here"
    var found = "it does not start as any image does"
    if bytes.byteCount == 0 { found = "it is empty" }
    if let format { found = "\(format.rawValue) images are not supported\(place)" }
    throw ImageError(
      call: "signature", file: file, code: CInt(CREMA_IMAGE_DAMAGED), words: found,
      advice: "convert it to \(wanted?.rawValue ?? "PNG or JPEG") first")
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
  static func text<Characters>(of characters: inout Characters) -> String {
    unsafe withUnsafeBytes(of: &characters) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
