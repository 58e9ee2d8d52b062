/// A two-dimensional convolution of images of channels, or the transpose of one: what the kernels for planes can compute.
package struct PlaneConvolution {
  /// The convolution; if `isTransposed`, its bottom is the layer's top.
  let layer: Convolution
  let isTransposed: Bool
  /// The numbers of an image on the side of the channels and on that of the outputs: channels, rows, columns.
  let input: Shape, output: Shape
  let rows: Window.Side, columns: Window.Side

  /// `nil` for other layers, other numbers of axes, and several bottoms.
  init?(_ node: Graph.Node, in graph: Graph) {
    guard node.bottoms.count == 1, node.bottoms != node.tops else { return nil }
    switch node.layer {
    case let layer as Convolution: (self.layer, isTransposed) = (layer, false)
    case let layer as Deconvolution: (self.layer, isTransposed) = (layer.transpose, true)
    default: return nil
    }
    let x = graph.values[node.bottoms[0]].shape, y = graph.values[node.tops[0]].shape
    guard x.rank == 4, layer.axis.of(x) == 1, x.count > 0, y.count > 0 else { return nil }
    (input, output) =
      isTransposed
      ? (Shape(Array(y.axes[1...])), Shape(Array(x.axes[1...])))
      : (Shape(Array(x.axes[1...])), Shape(Array(y.axes[1...])))
    let sides = layer.window.sides(2)
    (rows, columns) = (sides[0], sides[1])
  }

  /// Multiply-adds for one image.
  var multiplyAdds: Int {
    output.count * input[0] / layer.group * rows.kernel * columns.kernel
  }
}
