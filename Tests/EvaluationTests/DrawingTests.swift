import Charts
import Foundation
import Images
import TestSupport
import Testing

/// Drawings as files.
@Suite struct DrawingTests {
  private func drawing(width: Double, height: Double) throws -> Drawing {
    var drawing = Drawing(width: width, height: height)
    let red = Colour(red: 1, green: 0, blue: 0)
    drawing.marks = [
      .begin("more & \"more\""),
      .box(Drawing.Point(x: 10, y: 10), width: 60, height: 30, radius: 4, fill: red, border: .ink),
      .text(try TextRuler().text("a<b\u{1}", 40, 25, size: 12, .middle)), .end,
      .path(
        Drawing.Point(x: 5, y: 5),
        [
          .line(Drawing.Point(x: 5, y: 20.126)),
          .curve(Drawing.Point(x: 5, y: 30), Drawing.Point(x: 9, y: 30), Drawing.Point(x: -0.5, y: 40)),
        ], .ink, width: 1.5),
      .shape([Drawing.Point(x: 80, y: 10), Drawing.Point(x: 90, y: 10), Drawing.Point(x: 85, y: 20)], red),
    ]
    return drawing
  }

  @Test func svgHoldsTextsAsTexts() throws {
    let folder = try ScratchFolder()
    try drawing(width: 100.2, height: 50).write(.svg, to: folder("a.svg"))
    let text = try String(contentsOfFile: folder("a.svg"), encoding: .utf8)
    #expect(text.contains("width=\"101\" height=\"50\""))
    #expect(text.contains(">a&lt;b\u{FFFD}</text>") && text.contains("<title>more &amp; &quot;more&quot;</title>"))
    #expect(text.contains("d=\"M5,5L5,20.13C5,30 9,30 -0.5,40\""))
    #expect(text.contains("<polygon points=\"80,10 90,10 85,20\" fill=\"#ff0000\"/>"))
    #expect(text.hasPrefix("<?xml") && text.hasSuffix("</svg>\n"))
  }

  @Test func pngShowsTheMarks() throws {
    let folder = try ScratchFolder()
    try drawing(width: 100, height: 50).write(.png, to: folder("a.png"))
    let image = try Image(contentsOf: folder("a.png"))
    #expect(image.width == 100 && image.height == 50)
    let red = stride(from: 0, to: image.pixels.count, by: 3).count {
      image.pixels[$0] == 0 && image.pixels[$0 + 2] == 255
    }
    #expect(red > 1000 && red < 60 * 30 + 60)
  }

  @Test func largePNGsAreMadeSmallerByHalfAtMost() throws {
    let folder = try ScratchFolder()
    try drawing(width: 50000, height: 60).write(.png, to: folder("a.png"))
    let image = try Image(contentsOf: folder("a.png"))
    #expect(image.width == 32767 && image.height == 40)
    for (width, height) in [(70000.0, 60.0), (32000.0, 32000.0)] {
      let error = #expect(throws: PictureError.self) {
        try drawing(width: width, height: height).write(.png, to: folder("b.png"))
      }
      #expect(error?.description.contains("too many for a PNG; write an .svg instead") == true)
    }
    #expect(!FileManager.default.fileExists(atPath: folder("b.png")))
    try drawing(width: 70000, height: 60).write(.svg, to: folder("b.svg"))
    #expect(throws: PictureError.self) { try drawing(width: 10, height: 10).write(.svg, to: folder("no/b.svg")) }
  }
}
