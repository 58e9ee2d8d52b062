import Prototxt

/// What is left of a blob without `crop_size` values at both ends of each axis.
package struct CropCenter: Layer {
  package static let type = "CropCenter"

  let sizes: [Int]
  private let parameters: Message

  package init(_ fields: Fields) throws(Diagnostic) {
    parameters = fields.parameters("crop_center_param")
    sizes = parameters.ints("crop_size")
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    guard sizes.count == x.rank else {
      throw ShapeError(
        "there are \(sizes.count) crop_size for a bottom of \(x.axesText); give one for each axis",
        at: parameters.location(of: "crop_size"))
    }
    for (index, (size, length)) in zip(sizes, x.axes).enumerated() where 2 * size >= length {
      throw ShapeError(
        "crop_size \(size) at both ends leaves nothing of axis \(index), which is \(length) long (\(x)); make it smaller",
        at: parameters.location(of: "crop_size", index: index))
    }
    return Plan(
      tops: [Shape(zip(sizes, x.axes).map { $1 - 2 * $0 })], division: sizes.first == 0 ? .images : .whole)
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    eachRun(x.shape, y.shape) { count, large, small in y.copy(count, at: small, of: x, from: large) }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient)
    dx.clear()
    eachRun(dx.shape, dy.shape) { count, large, small in dx.copy(count, at: large, of: dy, from: small) }
  }

  /// Each run of values that stays together: its length, and its start in the bottom and in the top.
  private func eachRun(_ x: Shape, _ y: Shape, _ body: (_ count: Int, _ large: Int, _ small: Int) -> Void) {
    let count = y.axes.last ?? 1
    for run in 0..<y.count / max(count, 1) {
      var (rest, large, scale) = (run, sizes.last ?? 0, x.axes.last ?? 1)
      for axis in (0..<max(y.rank - 1, 0)).reversed() {
        large += (rest % y[axis] + sizes[axis]) * scale
        scale *= x[axis]
        rest /= y[axis]
      }
      body(count, large, run * count)
    }
  }
}
