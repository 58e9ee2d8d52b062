import Prototxt

/// Planes in a larger size, in one of two ways.
///
/// - With one bottom: each value becomes a square of `scale` x `scale` values.
/// - With a second bottom, the mask that a max pooling gives as its second top (SegNet): each value goes to the place that
///   the mask gives, an index in the plane; all else is zero. Of several values for one place the last one counts.
///   The size is `upsample_h` and `upsample_w`, or `scale` (or `scale_h`, `scale_w`) times that of the bottom, less one with
///   `pad_out_h` or `pad_out_w`.
package struct Upsample: Layer {
  package static let type = "Upsample"
  package static let arity = Arity(bottoms: 1...2, tops: 1...1)

  private enum Size {
    case given(height: Int, width: Int)
    case scaled(height: Int, width: Int, less: (height: Int, width: Int))
  }

  private let size: Size, hasMask: Bool
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("upsample_param")
    hasMask = fields.bottoms.count > 1
    let isGiven = parameters.has("upsample_h") || parameters.has("upsample_w")
    let isPair = parameters.has("scale_h") || parameters.has("scale_w")
    guard hasMask || (!isGiven && !isPair) else {
      throw parameters.error(
        isGiven ? "upsample_h" : "scale_h", "without a mask as second bottom there is only scale; remove all else")
    }
    guard !isPair || !parameters.has("scale") else {
      throw parameters.error("scale", "scale and scale_h, scale_w are both given; keep one of the two forms")
    }
    let stem = isGiven ? "upsample" : "scale", pair = ["\(stem)_h", "\(stem)_w"]
    if isGiven || isPair, let missing = pair.first(where: { !parameters.has($0) }) {
      throw parameters.error(
        pair.first { parameters.has($0) } ?? missing,
        "\(missing) is missing: \(pair[0]) and \(pair[1]) are only used together")
    }
    let names = isGiven || isPair ? pair : ["scale", "scale"]
    let values = names.map { [hasMask] in hasMask || parameters.has($0) ? parameters.int($0) : 1 }
    for (name, value) in zip(names, values) where !((hasMask ? 2 : 1)...Int(Int32.max)).contains(value) {
      throw parameters.error(name, "\(name) must be \(hasMask ? 2 : 1) or more, not \(value)")
    }
    for (pad, scale) in zip(["pad_out_h", "pad_out_w"], values) where !isGiven && parameters.bool(pad) && scale != 2 {
      throw parameters.error(pad, "\(pad) needs a scale of 2, not \(scale): give upsample_h and upsample_w instead")
    }
    place = parameters.location(of: names[0])
    let less = (parameters.bool("pad_out_h") ? 1 : 0, parameters.bool("pad_out_w") ? 1 : 0)
    size =
      isGiven
      ? .given(height: values[0], width: values[1]) : .scaled(height: values[0], width: values[1], less: less)
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    guard x.rank == 4 else {
      throw ShapeError("bottom 0 must have 4 axes (images, channels, height, width), and it has \(x.axesText)")
    }
    guard !hasMask || bottoms[1] == x else {
      throw ShapeError("the mask must have the shape of bottom 0 (\(x)), and it has \(bottoms[1])")
    }
    return Plan(tops: [try top(x).fitting("the top", at: place)])
  }

  private func top(_ x: Shape) -> Shape {
    switch size {
    case .given(let height, let width): [x[0], x[1], height, width]
    case .scaled(let height, let width, let less): [x[0], x[1], x[2] * height - less.height, x[3] * width - less.width]
    }
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    if hasMask {
      y.clear()
      eachPlace(pass) { from, to in y.write(reading: x) { x, y in y[to] = x[from] } }
    } else {
      repeatValues(x, into: y)
    }
  }

  /// Each value as a square.
  private func repeatValues(_ x: Tensor, into y: Tensor) {
    guard case .scaled(let height, let width, _) = size else { return }
    let (columns, stride) = (x.shape[3], x.shape[3] * width)
    for line in 0..<x.shape.count(0..<3) {
      let first = line * height * stride
      y.write(reading: x) { x, y in
        var at = first
        for column in 0..<columns {
          let value = x[line * columns + column]
          for _ in 0..<width {
            y[at] = value
            at += 1
          }
        }
      }
      for row in 1..<max(height, 1) { y.copy(stride, at: first + row * stride, of: y, from: first) }
    }
  }

  package func backward(_ pass: Pass) {
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient)
    if hasMask, pass.wanted[1] { pass.bottoms[1].gradient.clear() }
    guard pass.wanted[0] else { return }
    dx.clear()
    dx.write(reading: dy) { dy, dx in
      if hasMask {
        eachPlace(pass) { from, to in dx[from] = dy[to] }
      } else {
        addSquares(dy, pass.bottoms[0].shape, to: &dx)
      }
    }
  }

  /// Each value of the bottom, with its place in the top.
  @inline(__always)
  private func eachPlace(_ pass: Pass, _ body: (_ from: Int, _ to: Int) -> Void) {
    let (x, y) = (pass.bottoms[0].shape, pass.tops[0].shape), (area, pooled) = (y.count(from: 2), x.count(from: 2))
    pass.bottoms[1].data.read { mask in
      for i in 0..<mask.count {
        let place = mask[i]
        guard place > -1, place < Float(area) else {
          return pass.fail(
            "the mask has \(place) at \(i), and the planes of the top have the places 0..<\(area): the mask's pooling had "
              + "a bottom of another size than the top (\(y)); give its height and width as upsample_h and upsample_w")
        }
        body(i, i / pooled * area + Int(place))
      }
    }
  }

  /// Adds up the gradients of each square.
  private func addSquares(_ dy: Span<Float>, _ x: Shape, to dx: inout MutableSpan<Float>) {
    guard case .scaled(let height, let width, _) = size else { return }
    var at = 0
    for line in 0..<x.count(0..<3) {
      for _ in 0..<height {
        for column in line * x[3]..<(line + 1) * x[3] {
          for _ in 0..<width {
            dx[column] += dy[at]
            at += 1
          }
        }
      }
    }
  }
}
