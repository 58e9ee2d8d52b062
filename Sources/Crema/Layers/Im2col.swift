import Prototxt

/// The matrix that a convolution multiplies: for each position of the window, the values under its taps.
///
/// - bottom: N x C x ..., with one or more spatial axes behind the channel axis.
/// - top: N x (C · taps) x ..., with the positions of the window as spatial axes.
package struct Im2col: Layer {
  package static let type = "Im2col"

  let axis: AxisField, window: Window
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("convolution_param")
    axis = AxisField(parameters)
    window = try Window(parameters)
    place = parameters.location(of: parameters.has("kernel_h") ? "kernel_h" : "kernel_size")
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0], axis = try axis.resolved(in: x)
    guard axis < x.rank - 1 else {
      throw ShapeError(
        "there must be a spatial axis behind axis \(axis), the channels, and the bottom has \(x.axesText)",
        at: self.axis.location)
    }
    guard x[axis] > 0 else { throw ShapeError("the bottom (\(x)) has no channels; its axis \(axis) is empty") }
    let output = try window.output(Array(x.axes[(axis + 1)...]))
    let kernel = window.sides(output.count).map(\.kernel)
    _ = try Shape([x[axis]] + kernel + output).fitting("the columns of an image", at: place)
    let top = try Shape(x.axes[..<axis] + [x[axis] * kernel.reduce(1, *)] + output).fitting("the top", at: place)
    return Plan(tops: [top], division: axis == 0 ? .whole : .images)
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    each(x.shape, y) { unfolding, image, columns in
      if unfolding.isIdentity {
        columns.copy(unfolding.size, at: 0, of: x, from: image * unfolding.size)
      } else {
        unfolding.unfold(x, image, unfolding.everything, into: columns)
      }
    }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient)
    dx.clear()
    each(dx.shape, dy) { unfolding, image, columns in
      if unfolding.isIdentity {
        dx.copy(unfolding.size, at: image * unfolding.size, of: columns, from: 0)
      } else {
        unfolding.fold(columns, unfolding.everything, into: dx, image)
      }
    }
  }

  /// Each image, with its columns in the top.
  private func each(_ x: Shape, _ y: Tensor, _ body: (_ unfolding: Unfolding, _ image: Int, _ columns: Tensor) -> Void)
  {
    let axis = axis.of(x), unfolding = Unfolding(x, axis: axis, sides: window.sides(x.rank - axis - 1))
    let size = y.shape.count(from: axis)
    for image in 0..<x.count(0..<axis) { body(unfolding, image, y.view([size], from: image * size)) }
  }
}
