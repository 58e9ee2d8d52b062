/// A picture as a list of marks, each over those before it: an SVG whose texts can be searched, or a PNG.
public struct Drawing: Sendable {
  /// A place, from the upper left corner.
  public struct Point: Hashable, Sendable {
    /// In pixels.
    public var x: Double, y: Double

    /// A place in pixels.
    public init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
  }

  /// A text on one line.
  public struct Text: Sendable {
    /// What it says.
    public let text: String
    /// Where its middle line and its left end, middle or right end are.
    public let x: Double, y: Double
    /// Its size, and its length as measured.
    public let size: Double, length: Double
    /// Which part of it is at `x`.
    public let alignment: Canvas.Alignment
    /// Its colour.
    public let colour: Colour
    /// Whether it is bold.
    public let isBold: Bool
  }

  /// The way from the point before.
  public enum Step: Equatable, Sendable {
    /// A straight line.
    case line(Point)
    /// A curve with two control points.
    case curve(Point, Point, Point)
  }

  /// One thing to draw.
  public enum Mark: Sendable {
    /// A rectangle with round corners of this radius.
    case box(Point, width: Double, height: Double, radius: Double, fill: Colour, border: Colour?)
    /// A line.
    case path(Point, [Step], Colour, width: Double)
    /// A filled shape.
    case shape([Point], Colour)
    /// A text.
    case text(Text)
    /// What follows, to the end of it, is one thing, which an SVG explains by this text.
    case begin(String)
    /// The end of that thing.
    case end
  }

  /// The extent in pixels.
  public let width: Double, height: Double
  /// What to draw.
  public var marks: [Mark] = []

  /// A picture without marks.
  public init(width: Double, height: Double) { (self.width, self.height) = (width, height) }

  /// The most pixels of a PNG.
  private static let mostPixels = 250e6

  /// Writes the picture; a PNG that would be too large is made smaller, by half at most.
  ///
  /// - Throws: a picture that is too large, or a file that cannot be written.
  public func write(_ format: PictureFormat, to path: String) throws(PictureError) {
    if format == .svg { return try ScalableText(self).write(to: path) }
    let scale = min(1, 32767 / width, 32767 / height, (Self.mostPixels / (width * height)).squareRoot())
    guard scale >= 0.5 else {
      throw PictureError(
        description:
          "cannot draw '\(path)': the picture has \(Int(width)) x \(Int(height)) pixels, too many for a PNG; write an .svg instead"
      )
    }
    try Canvas.write(.png, to: path, width: width * scale, height: height * scale) { canvas in
      canvas.draw(marks, scale: scale)
    }
  }
}
