import CCairo

/// The kinds of file that a picture can be written as.
public enum PictureFormat: String, CaseIterable, Sendable {
  case svg
  case png

  /// The format that a file's name asks for by its end; nil if it is none of these.
  public init?(path: String) {
    guard let dot = path.lastIndex(of: "."), let format = Self(rawValue: path[path.index(after: dot)...].lowercased())
    else { return nil }
    self = format
  }
}

/// Why a picture could not be written.
public struct PictureError: Error, CustomStringConvertible, Sendable {
  /// What was to be written, and why it was not.
  public let description: String
}

/// A sheet to draw on, in units of one pixel from the upper left corner; owns Cairo's surface.
@safe public final class Canvas {
  /// Where text stands relative to its place.
  public enum Alignment: Double, Sendable { case left = 0, middle = 0.5, right = 1 }

  /// The extent.
  public let width: Double, height: Double
  private let surface: OpaquePointer
  /// Cairo's state: only for what draws.
  let context: OpaquePointer

  /// Draws a picture of this size and writes it to `path`.
  ///
  /// - Throws: a picture of no size, or a file that cannot be written.
  public static func write(
    _ format: PictureFormat, to path: String, width: Double, height: Double, _ draw: (Canvas) -> Void
  ) throws(PictureError) {
    guard width >= 1, height >= 1, width <= 32767, height <= 32767 else {
      throw PictureError(
        description:
          "cannot draw '\(path)': \(Int(width)) x \(Int(height)) pixels; at most 32767 are possible, so draw less")
    }
    let (width, height) = (width.rounded(.up), height.rounded(.up))
    let surface =
      unsafe format == .svg
      ? cairo_svg_surface_create(path, width, height)
      : cairo_image_surface_create(CAIRO_FORMAT_RGB24, CInt(width), CInt(height))
    guard let surface = unsafe surface, let context = unsafe cairo_create(surface) else {
      throw PictureError(description: "cannot draw '\(path)': no memory")
    }
    let canvas = unsafe Canvas(surface, context, width, height)
    canvas.fill(0, 0, width, height, .paper)
    draw(canvas)
    try canvas.finish(format, path)
  }

  /// A canvas to measure texts with, which is not written.
  static func sheet() throws(PictureError) -> Canvas {
    guard let surface = unsafe cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1),
      let context = unsafe cairo_create(surface)
    else { throw PictureError(description: "cannot draw: no memory") }
    return unsafe Canvas(surface, context, 1, 1)
  }

  private init(_ surface: OpaquePointer, _ context: OpaquePointer, _ width: Double, _ height: Double) {
    unsafe (self.surface, self.context) = unsafe (surface, context)
    (self.width, self.height) = (width, height)
  }

  deinit {
    unsafe cairo_destroy(context)
    unsafe cairo_surface_destroy(surface)
  }

  private func finish(_ format: PictureFormat, _ path: String) throws(PictureError) {
    unsafe cairo_surface_flush(surface)
    var status = unsafe cairo_status(context)
    if status == CAIRO_STATUS_SUCCESS, format == .png { status = unsafe cairo_surface_write_to_png(surface, path) }
    unsafe cairo_surface_finish(surface)
    if status == CAIRO_STATUS_SUCCESS { status = unsafe cairo_surface_status(surface) }
    guard status == CAIRO_STATUS_SUCCESS else {
      throw PictureError(
        description: "cannot write '\(path)': \(unsafe String(cString: cairo_status_to_string(status)))")
    }
  }

  /// Chooses the colour of what is drawn next.
  func use(_ colour: Colour) { unsafe cairo_set_source_rgb(context, colour.red, colour.green, colour.blue) }

  /// Fills a rectangle.
  public func fill(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ colour: Colour) {
    use(colour)
    unsafe cairo_rectangle(context, x, y, width, height)
    unsafe cairo_fill(context)
  }

  /// Draws the border of a rectangle.
  public func frame(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ colour: Colour) {
    use(colour)
    unsafe cairo_set_line_width(context, 1)
    unsafe cairo_rectangle(context, x, y, width, height)
    unsafe cairo_stroke(context)
  }

  /// Draws a line through points, whole or of dashes: lengths by turns of a dash and of the gap behind it.
  public func line(
    _ points: [(x: Double, y: Double)], _ colour: Colour, width: Double = 1, dashes: [Double] = []
  ) {
    use(colour)
    unsafe cairo_set_dash(context, dashes, CInt(dashes.count), 0)
    unsafe cairo_set_line_width(context, width)
    unsafe cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
    for (index, point) in points.enumerated() {
      if index == 0 {
        unsafe cairo_move_to(context, point.x, point.y)
      } else {
        unsafe cairo_line_to(context, point.x, point.y)
      }
    }
    unsafe cairo_stroke(context)
  }

  /// Writes text whose middle line is at `y`; turned, it runs upwards and `x` is its middle line.
  public func text(
    _ text: String, _ x: Double, _ y: Double, size: Double = 13, _ alignment: Alignment = .left,
    _ colour: Colour = .ink,
    isBold: Bool = false, isTurned: Bool = false
  ) {
    use(colour)
    select(size, isBold)
    let length = measured(text)
    unsafe cairo_save(context)
    unsafe cairo_translate(context, x, y)
    if isTurned { unsafe cairo_rotate(context, -Double.pi / 2) }
    unsafe cairo_move_to(context, -length * alignment.rawValue, size * 0.36)
    unsafe cairo_show_text(context, text)
    unsafe cairo_restore(context)
  }

  /// The width of text.
  public func width(of text: String, size: Double = 13, isBold: Bool = false) -> Double {
    select(size, isBold)
    return measured(text)
  }

  private func select(_ size: Double, _ isBold: Bool) {
    unsafe cairo_select_font_face(
      context, "sans-serif", CAIRO_FONT_SLANT_NORMAL, isBold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
    unsafe cairo_set_font_size(context, size)
  }

  private func measured(_ text: String) -> Double {
    var extents = cairo_text_extents_t()
    unsafe cairo_text_extents(context, text, &extents)
    return extents.x_advance
  }

  /// Draws an image into a rectangle, each of its pixels as a block.
  public func image(_ image: PixelImage, _ x: Double, _ y: Double, _ width: Double, _ height: Double) {
    let stride = Int(cairo_format_stride_for_width(CAIRO_FORMAT_RGB24, CInt(image.width))) / 4
    var words = [UInt32](repeating: 0, count: stride * image.height)
    for row in 0..<image.height {
      for column in 0..<image.width { words[row * stride + column] = image.pixels[row * image.width + column] }
    }
    unsafe words.withUnsafeMutableBytes { bytes in
      let source = unsafe cairo_image_surface_create_for_data(
        bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), CAIRO_FORMAT_RGB24, CInt(image.width),
        CInt(image.height),
        CInt(stride * 4))
      unsafe cairo_save(context)
      unsafe cairo_translate(context, x, y)
      unsafe cairo_scale(context, width / Double(image.width), height / Double(image.height))
      unsafe cairo_set_source_surface(context, source, 0, 0)
      unsafe cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_NEAREST)
      unsafe cairo_paint(context)
      unsafe cairo_restore(context)
      unsafe cairo_surface_finish(source)
      unsafe cairo_surface_destroy(source)
    }
  }
}

/// Pixels to be drawn: rows from the top.
public struct PixelImage: Sendable {
  /// The number of columns and rows.
  public let width: Int, height: Int
  /// 0xRRGGBB for each pixel.
  public let pixels: [UInt32]

  /// An image of `width` x `height` pixels.
  public init(width: Int, height: Int, pixels: [UInt32]) {
    precondition(width > 0 && height > 0 && pixels.count == width * height)
    (self.width, self.height, self.pixels) = (width, height, pixels)
  }
}
