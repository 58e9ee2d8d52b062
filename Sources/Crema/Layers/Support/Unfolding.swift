/// The correspondence of an image and the matrix of its columns: one row for each channel and tap of a window, one column for each
/// position of the window. Taps outside the image read zeros.
///
/// The matrix is made in strips of some rows of positions, few enough to stay in a core's cache until they have been used.
struct Unfolding {
  /// The length of an image, of all its channels.
  let size: Int
  /// The number of channels times taps: rows.
  let taps: Int
  /// The number of positions: columns.
  let pixels: Int
  /// Whether the columns are the image itself.
  let isIdentity: Bool
  /// The strips, as ranges of rows of positions: all but the last axis.
  let strips: [Range<Int>]

  private let channels: Int, area: Int
  private let side: Window.Side, width: Int, positions: Int
  private let outerPositions: Int
  /// For each tap and position of all axes but the last, the start of the row of the input, or -1 outside it.
  private let rows: [Int]

  /// `shape[axis]` channels, and a side for each axis behind it.
  init(_ shape: Shape, axis: Int, sides: [Window.Side]) {
    channels = shape[axis]
    area = shape.count(from: axis + 1)
    size = channels * area
    let input = Array(shape.axes[(axis + 1)...])
    let output = zip(sides, input).map { $0.output($1) }
    pixels = output.reduce(1, *)
    taps = channels * sides.reduce(1) { $0 * $1.kernel }
    isIdentity = sides.allSatisfy(\.isIdentity)
    side = sides.last ?? Window.Side(kernel: 1, stride: 1, pad: 0, dilation: 1)
    width = input.last ?? 1
    positions = output.last ?? 1
    outerPositions = output.dropLast().reduce(1, *)
    let perStrip = isIdentity ? outerPositions : max(1, Unfolding.stripCount / (taps * positions))
    strips = stride(from: 0, to: outerPositions, by: perStrip).map { [outerPositions] in
      $0..<min($0 + perStrip, outerPositions)
    }
    rows = isIdentity ? [] : Unfolding.rows(input, output, sides, width: width)
  }

  /// One strip of all rows of positions.
  var everything: Range<Int> { 0..<outerPositions }

  /// The number of elements of a strip: 256 KB, a part of the second-level cache.
  private static let stripCount = 1 << 16

  /// The columns of a strip: their place among all, and their number.
  func columns(_ strip: Range<Int>) -> (start: Int, count: Int) {
    (strip.lowerBound * positions, strip.count * positions)
  }

  private static func rows(_ input: [Int], _ output: [Int], _ sides: [Window.Side], width: Int) -> [Int] {
    let outer = max(sides.count - 1, 0)
    let taps = sides.prefix(outer).reduce(1) { $0 * $1.kernel }, places = output.prefix(outer).reduce(1, *)
    var rows = [Int]()
    rows.reserveCapacity(taps * places)
    for tap in 0..<taps {
      for place in 0..<places {
        var (tap, place, start, scale, inside) = (tap, place, 0, width, true)
        for axis in (0..<outer).reversed() {
          let at = place % output[axis] * sides[axis].stride - sides[axis].pad
          let row = at + tap % sides[axis].kernel * sides[axis].dilation
          if row < 0 || row >= input[axis] { inside = false }
          start += row * scale
          scale *= input[axis]
          tap /= sides[axis].kernel
          place /= output[axis]
        }
        rows.append(inside ? start : -1)
      }
    }
    return rows
  }

  /// The values under each tap, one tap a row, for the positions of one strip.
  func unfold(_ x: Tensor, _ image: Int, _ strip: Range<Int>, into columns: Tensor) {
    runs(image, strip) { pixel, column, count, before, after in
      if before > 0 { columns.clear(before, at: column - before) }
      columns.copy(count, at: column, of: x, from: pixel, stride: side.stride)
      if after > 0 { columns.clear(after, at: column + count) }
    }
  }

  /// Adds the gradients of a strip's columns to the values they were read from.
  func fold(_ columns: Tensor, _ strip: Range<Int>, into dx: Tensor, _ image: Int) {
    runs(image, strip) { pixel, column, count, _, _ in
      dx.add(count, at: pixel, stride: side.stride, of: columns, from: column)
    }
  }

  /// One tap and row of positions after the other: the first value it reads, the place of that in the columns, how many values are
  /// inside the image, and how many columns before and after them are not.
  @inline(__always)
  private func runs(
    _ image: Int, _ strip: Range<Int>,
    _ body: (_ pixel: Int, _ column: Int, _ count: Int, _ before: Int, _ after: Int) -> Void
  ) {
    let (kernel, stride) = (side.kernel, side.stride), outerTaps = rows.count / max(outerPositions, 1)
    let table = rows.span
    var at = 0
    for channel in 0..<channels {
      let start = image * size + channel * area
      for outer in 0..<outerTaps {
        for tap in 0..<kernel {
          let shift = tap * side.dilation - side.pad
          let from = min(positions, max(0, (stride - 1 - shift) / stride))
          let to = max(from, min(positions, (width - 1 - shift + stride) / stride))
          let first = start + from * stride + shift
          for row in strip {
            let begin = table[outer * outerPositions + row]
            if begin >= 0, to > from {
              body(first + begin, at + from, to - from, from, positions - to)
            } else {
              body(0, at, 0, 0, positions)
            }
            at += positions
          }
        }
      }
    }
  }
}
