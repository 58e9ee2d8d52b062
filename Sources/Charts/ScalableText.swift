import Foundation

/// A drawing as the text of an SVG.
struct ScalableText {
  private let drawing: Drawing

  init(_ drawing: Drawing) { self.drawing = drawing }

  /// Writes the file.
  func write(to path: String) throws(PictureError) {
    do { try text.write(toFile: path, atomically: false, encoding: .utf8) } catch {
      throw PictureError(description: "cannot write '\(path)': \(error.localizedDescription)")
    }
  }

  /// The whole file.
  var text: String {
    let (width, height) = (number(drawing.width.rounded(.up)), number(drawing.height.rounded(.up)))
    var lines = [
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\""
        + " font-family=\"DejaVu Sans, Verdana, sans-serif\">",
      "<rect width=\"\(width)\" height=\"\(height)\" fill=\"\(hex(.paper))\"/>",
    ]
    lines += drawing.marks.map(line)
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  private func line(_ mark: Drawing.Mark) -> String {
    switch mark {
    case .box(let corner, let width, let height, let radius, let fill, let border):
      return
        "<rect x=\"\(number(corner.x))\" y=\"\(number(corner.y))\" width=\"\(number(width))\" height=\"\(number(height))\""
        + (radius > 0 ? " rx=\"\(number(radius))\"" : "") + " fill=\"\(hex(fill))\""
        + (border.map { " stroke=\"\(hex($0))\"" } ?? "") + "/>"
    case .path(let start, let steps, let colour, let width):
      return "<path d=\"M\(place(start))\(steps.map(words).joined())\" fill=\"none\" stroke=\"\(hex(colour))\" "
        + "stroke-width=\"\(number(width))\" stroke-linejoin=\"round\"/>"
    case .shape(let points, let colour):
      return "<polygon points=\"\(points.map(place).joined(separator: " "))\" fill=\"\(hex(colour))\"/>"
    case .text(let text):
      return
        "<text x=\"\(number(text.x))\" y=\"\(number(text.y + text.size * 0.36))\" font-size=\"\(number(text.size))\""
        + (text.isBold ? " font-weight=\"bold\"" : "") + anchor(text.alignment) + " fill=\"\(hex(text.colour))\" "
        + "textLength=\"\(number(text.length))\" lengthAdjust=\"spacingAndGlyphs\">\(escaped(text.text))</text>"
    case .begin(let note): return "<g><title>\(escaped(note))</title>"
    case .end: return "</g>"
    }
  }

  private func anchor(_ alignment: Canvas.Alignment) -> String {
    switch alignment {
    case .left: ""
    case .middle: " text-anchor=\"middle\""
    case .right: " text-anchor=\"end\""
    }
  }

  private func words(_ step: Drawing.Step) -> String {
    switch step {
    case .line(let end): "L\(place(end))"
    case .curve(let first, let second, let end): "C\(place(first)) \(place(second)) \(place(end))"
    }
  }

  private func place(_ point: Drawing.Point) -> String { "\(number(point.x)),\(number(point.y))" }

  /// With two digits behind the point at most.
  private func number(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded()), rest = abs(hundredths) % 100
    let whole = (hundredths < 0 ? "-" : "") + "\(abs(hundredths) / 100)"
    if rest == 0 { return whole }
    return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }

  private func hex(_ colour: Colour) -> String {
    let digits = Array("0123456789abcdef")
    return "#"
      + [colour.red, colour.green, colour.blue].map { share in
        let value = Int((min(1, max(0, share)) * 255).rounded())
        return "\(digits[value / 16])\(digits[value % 16])"
      }.joined()
  }

  /// The text as XML may hold it.
  private func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\"": result += "&quot;"
      case "\n": result += "\n"
      case "\u{0}"..<" ", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
