import CCairo

extension Canvas {
  /// Draws marks, made larger or smaller.
  func draw(_ marks: [Drawing.Mark], scale: Double) {
    unsafe cairo_save(context)
    unsafe cairo_scale(context, scale, scale)
    for mark in marks { draw(mark) }
    unsafe cairo_restore(context)
  }

  private func draw(_ mark: Drawing.Mark) {
    switch mark {
    case .box(let corner, let width, let height, let radius, let fill, let border):
      box(corner, width, height, radius)
      use(fill)
      unsafe cairo_fill_preserve(context)
      if let border {
        use(border)
        unsafe cairo_set_line_width(context, 1)
        unsafe cairo_stroke(context)
      }
      unsafe cairo_new_path(context)
    case .path(let start, let steps, let colour, let width):
      use(colour)
      unsafe cairo_set_line_width(context, width)
      unsafe cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
      unsafe cairo_move_to(context, start.x, start.y)
      for step in steps { go(step) }
      unsafe cairo_stroke(context)
    case .shape(let points, let colour):
      use(colour)
      for point in points { unsafe cairo_line_to(context, point.x, point.y) }
      unsafe cairo_close_path(context)
      unsafe cairo_fill(context)
    case .text(let text):
      self.text(text.text, text.x, text.y, size: text.size, text.alignment, text.colour, isBold: text.isBold)
    case .begin, .end: break
    }
  }

  private func box(_ corner: Drawing.Point, _ width: Double, _ height: Double, _ radius: Double) {
    let (left, top, right, bottom) = (corner.x, corner.y, corner.x + width, corner.y + height)
    unsafe cairo_new_path(context)
    guard radius > 0 else {
      unsafe cairo_rectangle(context, left, top, width, height)
      return
    }
    unsafe cairo_arc(context, right - radius, top + radius, radius, -Double.pi / 2, 0)
    unsafe cairo_arc(context, right - radius, bottom - radius, radius, 0, Double.pi / 2)
    unsafe cairo_arc(context, left + radius, bottom - radius, radius, Double.pi / 2, Double.pi)
    unsafe cairo_arc(context, left + radius, top + radius, radius, Double.pi, Double.pi * 1.5)
    unsafe cairo_close_path(context)
  }

  private func go(_ step: Drawing.Step) {
    switch step {
    case .line(let end): unsafe cairo_line_to(context, end.x, end.y)
    case .curve(let first, let second, let end):
      unsafe cairo_curve_to(context, first.x, first.y, second.x, second.y, end.x, end.y)
    }
  }
}

/// Measures texts as pictures show them.
public struct TextRuler {
  private let canvas: Canvas

  /// A ruler.
  ///
  /// - Throws: no memory.
  public init() throws(PictureError) { canvas = try Canvas.sheet() }

  /// A text in its place, measured.
  public func text(
    _ text: String, _ x: Double, _ y: Double, size: Double, _ alignment: Canvas.Alignment = .left,
    _ colour: Colour = .ink, isBold: Bool = false
  ) -> Drawing.Text {
    Drawing.Text(
      text: text, x: x, y: y, size: size, length: width(of: text, size: size, isBold: isBold), alignment: alignment,
      colour: colour, isBold: isBold)
  }

  /// The length of a text.
  public func width(of text: String, size: Double, isBold: Bool = false) -> Double {
    canvas.width(of: text, size: size, isBold: isBold)
  }
}
