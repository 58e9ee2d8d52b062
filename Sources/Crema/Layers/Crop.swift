import Prototxt

/// The part of bottom 0, from `offset` on, that is as large as bottom 1 in all axes from `axis` on.
package struct Crop: Layer {
  package static let type = "Crop"
  package static let arity = Arity(bottoms: 2...2, tops: 1...1)

  let axis: AxisField, offsets: [Int]
  private let parameters: Message

  package init(_ fields: Fields) throws(Diagnostic) {
    parameters = fields.parameters("crop_param")
    axis = AxisField(parameters)
    offsets = parameters.ints("offset")
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let (x, reference) = (bottoms[0], bottoms[1]), axis = try axis.resolved(in: x)
    guard offsets.count <= 1 || offsets.count == x.rank - axis else {
      throw ShapeError(
        "offset has \(offsets.count) values; give it once, or once for each of the \(x.rank - axis) axes from \(axis) on",
        at: parameters.location(of: "offset"))
    }
    guard reference.rank >= x.rank else {
      throw ShapeError(
        "bottom 1 must have as many axes as bottom 0 (\(x)), whose new size it gives, and it has \(reference.axesText)")
    }
    for at in axis..<x.rank where offset(at, from: axis) + reference[at] > x[at] {
      let index = offsets.count > 1 ? at - axis : 0
      throw ShapeError(
        "axis \(at) of bottom 0 has the length \(x[at]), too short for offset \(offset(at, from: axis)) and the length "
          + "\(reference[at]) of bottom 1; make the offset smaller",
        at: offsets.isEmpty ? nil : parameters.location(of: "offset", index: index))
    }
    let top = Shape(Array(x.axes[..<axis]) + reference.axes[axis..<x.rank])
    return Plan(tops: [top], division: axis == 0 ? .whole : .byImages(bottoms))
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    eachRun(x.shape, y.shape) { count, small, large in y.copy(count, at: small, of: x, from: large) }
  }

  package func backward(_ pass: Pass) {
    if pass.wanted[1] { pass.bottoms[1].gradient.clear() }
    guard pass.wanted[0] else { return }
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient)
    dx.clear()
    eachRun(dx.shape, dy.shape) { count, small, large in dx.copy(count, at: large, of: dy, from: small) }
  }

  private func offset(_ at: Int, from axis: Int) -> Int {
    at < axis || offsets.isEmpty ? 0 : offsets.count == 1 ? offsets[0] : offsets[at - axis]
  }

  /// The runs along the last axis: their length, and where they start in the top and in bottom 0.
  @inline(__always)
  private func eachRun(_ x: Shape, _ y: Shape, _ body: (_ count: Int, _ small: Int, _ large: Int) -> Void) {
    let axis = axis.of(x), last = x.rank - 1, count = y[last]
    let offsets = (0...last).map { offset($0, from: axis) }
    for run in 0..<y.count(0..<last) {
      var (rest, large, scale) = (run, offsets[last], x[last])
      for at in (0..<last).reversed() {
        large += (rest % y[at] + offsets[at]) * scale
        scale *= x[at]
        rest /= y[at]
      }
      body(count, run * count, large)
    }
  }
}
