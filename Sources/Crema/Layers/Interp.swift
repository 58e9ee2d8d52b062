import Prototxt

/// Planes in another size, by bilinear interpolation between corners: the first and last rows and columns stay where they are.
///
/// - bottom: N x C x H x W, of which `pad_beg` and `pad_end` (0 or less) are cut off first.
/// - top: N x C x H' x W': `shrink_factor`, `zoom_factor`, `height` and `width`, or shrunk and then zoomed.
package struct Interp: Layer {
  package static let type = "Interp"

  private enum Size {
    case given(height: Int, width: Int)
    case factors(shrink: Int, zoom: Int)
  }

  private let size: Size, begin: Int, end: Int
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("interp_param")
    for field in ["pad_beg", "pad_end"] where parameters.int(field) > 0 {
      throw parameters.error(
        field, "\(field) must be 0 or less (rows and columns to cut off), not \(parameters.int(field))")
    }
    (begin, end) = (-parameters.int("pad_beg"), -parameters.int("pad_end"))
    let (shrinks, zooms) = (parameters.has("shrink_factor"), parameters.has("zoom_factor"))
    let isGiven = parameters.has("height") && parameters.has("width")
    guard shrinks || zooms || isGiven else {
      throw parameters.error(
        parameters.has("height") ? "height" : "width",
        "the size of the top is missing: give zoom_factor, shrink_factor, or height and width")
    }
    let fields =
      shrinks != zooms
      ? [shrinks ? "shrink_factor" : "zoom_factor"]
      : isGiven ? ["height", "width"] : ["shrink_factor", "zoom_factor"]
    for field in fields where parameters.int(field) < 1 {
      throw parameters.error(field, "\(field) must be 1 or more, not \(parameters.int(field))")
    }
    place = parameters.location(of: fields[0])
    size =
      fields[0] == "height"
      ? .given(height: parameters.int("height"), width: parameters.int("width"))
      : .factors(
        shrink: shrinks ? parameters.int("shrink_factor") : 1, zoom: zooms ? parameters.int("zoom_factor") : 1)
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    guard x.rank == 4 else {
      throw ShapeError("the bottom must have 4 axes (images, channels, height, width), and it has \(x.axesText)")
    }
    let (height, width) = (x[2] - begin - end, x[3] - begin - end)
    guard height > 0, width > 0 else {
      throw ShapeError(
        "nothing is left of the bottom (\(x)) without \(begin) rows and columns before and \(end) behind")
    }
    let top = try Shape([x[0], x[1], output(height, isRow: true), output(width, isRow: false)]).fitting(
      "the top", at: place)
    return Plan(tops: [top], scratch: [[2, top[3]]], multiplyAdds: 4 * top.count)
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data), (rows, columns) = sides(x.shape), width = columns.output
    let lines = pass.scratch[0]
    guard !rows.isIdentity || !columns.isIdentity else { return cut(x, into: y) }
    for plane in 0..<x.shape[0] * x.shape[1] {
      var held = [-1, -1]
      for row in 0..<rows.output {
        let point = rows.points[row], target = (plane * rows.output + row) * width
        for index in [point.first, point.second] where held[index % 2] != index {
          held[index % 2] = index
          columns.stretch(
            x, from: (plane * x.shape[2] + begin + index) * x.shape[3] + begin, into: lines, at: index % 2 * width)
        }
        let (near, far) = (1 - point.fraction, point.fraction)
        y.assign(
          width, at: target, lines, from: point.first % 2 * width, lines, from: point.second % 2 * width
        ) { near * $0 + far * $1 }
      }
    }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient), (rows, columns) = sides(dx.shape)
    let width = columns.output, lines = pass.scratch[0]
    dx.clear()
    for plane in 0..<dx.shape[0] * dx.shape[1] {
      var held = [-1, -1]
      func finish(_ slot: Int) {
        guard held[slot] >= 0 else { return }
        let target = (plane * dx.shape[2] + begin + held[slot]) * dx.shape[3] + begin
        columns.gather(lines, from: slot * width, into: dx, at: target)
      }
      for row in 0..<rows.output {
        let point = rows.points[row], source = (plane * rows.output + row) * width
        for (index, weight) in [(point.first, 1 - point.fraction), (point.second, point.fraction)] where weight != 0 {
          let slot = index % 2, start = slot * width
          if held[slot] != index {
            finish(slot)
            held[slot] = index
            lines.clear(width, at: start)
          }
          lines.assign(width, at: start, lines, from: start, dy, from: source) { $0 + weight * $1 }
        }
      }
      finish(0)
      finish(1)
    }
  }

  /// The bottom without what is cut off.
  private func cut(_ x: Tensor, into y: Tensor) {
    let (height, width) = (y.shape[2], y.shape[3])
    for line in 0..<y.shape.count(0..<3) {
      let row = line / height * x.shape[2] + begin + line % height
      y.copy(width, at: line * width, of: x, from: row * x.shape[3] + begin)
    }
  }

  private func sides(_ x: Shape) -> (rows: Side, columns: Side) {
    let (height, width) = (x[2] - begin - end, x[3] - begin - end)
    return (Side(height, output(height, isRow: true)), Side(width, output(width, isRow: false)))
  }

  /// The length of an axis of the top.
  private func output(_ input: Int, isRow: Bool) -> Int {
    switch size {
    case .given(let height, let width): isRow ? height : width
    case .factors(let shrink, let zoom): (input - 1) / shrink * zoom + 1
    }
  }

  /// What happens along one axis.
  private struct Side {
    /// Where a value of the top lies between two of the bottom.
    struct Point {
      let first: Int, second: Int, fraction: Float
    }

    let output: Int, isIdentity: Bool
    let points: [Point]

    init(_ input: Int, _ output: Int) {
      (self.output, isIdentity) = (output, input == output)
      let scale = output > 1 ? Float(input - 1) / Float(output - 1) : 0
      points = (0..<output).map { index in
        guard input != output else { return Point(first: index, second: index, fraction: 0) }
        let place = scale * Float(index), first = min(Int(place), input - 1)
        return Point(first: first, second: min(first + 1, input - 1), fraction: place - Float(first))
      }
    }

    /// The values of a row of the bottom at all points.
    func stretch(_ x: Tensor, from source: Int, into y: Tensor, at target: Int) {
      y.write(reading: x) { x, y in
        for (i, point) in points.enumerated() {
          y[target + i] = (1 - point.fraction) * x[source + point.first] + point.fraction * x[source + point.second]
        }
      }
    }

    /// Adds the gradients of all points to those of a row of the bottom.
    func gather(_ dy: Tensor, from source: Int, into dx: Tensor, at target: Int) {
      dx.write(reading: dy) { dy, dx in
        for (i, point) in points.enumerated() {
          dx[target + point.first] += (1 - point.fraction) * dy[source + i]
          dx[target + point.second] += point.fraction * dy[source + i]
        }
      }
    }
  }
}
