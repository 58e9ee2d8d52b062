import Prototxt

/// A small blob that is repeated over the axes before and behind its own in a large one: Scale's factors, Bias's terms.
struct Broadcast {
  let outer: Int, size: Int, inner: Int

  /// The small blob's axes begin at `axis` of the large one.
  init(_ large: Shape, _ small: Shape, axis: Int) {
    let axis = small.rank == 0 ? 0 : axis
    outer = large.count(0..<axis)
    size = small.count
    inner = large.count(from: axis + small.rank)
  }

  /// Each element of the small blob and the range of the large one that it belongs to, once for each outer index.
  @inline(__always)
  func each(_ body: (_ element: Int, _ range: Range<Int>) -> Void) {
    var start = 0
    for _ in 0..<outer {
      for element in 0..<size {
        body(element, start..<start + inner)
        start += inner
      }
    }
  }

  /// Adds to each element of `gradient` the sum of `dy` over its ranges.
  func addSums(_ dy: Tensor, to gradient: Tensor) {
    gradient.write { gradient in each { element, range in gradient[element] += dy.sum(range) } }
  }

  /// Adds to each element of `gradient` the sum of `dy · x` over its ranges.
  func addProducts(_ dy: Tensor, _ x: Tensor, to gradient: Tensor) {
    gradient.write { gradient in each { element, range in gradient[element] += dy.products(range, x) } }
  }
}

/// Where the small blob lies, as ScaleParameter and BiasParameter say it.
struct BroadcastFields: Sendable {
  let axis: AxisField, axes: Int
  private let place: SourceLocation?

  /// One element for each channel.
  var isByChannel: Bool { axis.index == 1 && axes == 1 }

  init(_ parameters: Message) throws(Diagnostic) {
    axis = AxisField(parameters)
    axes = parameters.int("num_axes")
    place = parameters.location(of: "num_axes")
    guard axes >= -1 else {
      throw parameters.error("num_axes", "num_axes must be -1 (all axes from axis on) or more, not \(axes)")
    }
  }

  /// The shape of the small blob: that of the second bottom, or of a weight.
  func shape(_ bottoms: [Shape]) throws(ShapeError) -> Shape {
    let large = bottoms[0]
    if bottoms.count > 1, bottoms[1].rank == 0 { return [] }
    let axis = try axis.resolved(in: large)
    if bottoms.count > 1 {
      let small = bottoms[1], end = axis + small.rank
      guard end <= large.rank, Array(large.axes[axis..<end]) == small.axes else {
        throw ShapeError(
          "bottom 1 (\(small)) must have the lengths of bottom 0 (\(large)) from axis \(axis) on; "
            + "change axis or the bottoms", at: self.axis.location)
      }
      return small
    }
    let count = axes == -1 ? large.rank - axis : axes
    guard axis + count <= large.rank else {
      throw ShapeError(
        "axis \(axis) and num_axes \(axes) reach beyond a blob of \(large.axesText); make num_axes smaller, or -1",
        at: place)
    }
    return Shape(Array(large.axes[axis..<axis + count]))
  }

  /// By images unless a weight, or a second bottom, has the images among its axes or cannot be sliced with them.
  func division(_ bottoms: [Shape], _ small: Shape, weights: Int) -> Plan.Division {
    let coversImages = small.rank > 0 && axis.of(bottoms[0]) == 0
    if bottoms.count == 1 { return coversImages || bottoms[0].rank == 0 ? .whole : .images }
    return coversImages && weights == 0 ? .images : .whole
  }

  func broadcast(_ large: Shape, _ small: Shape) -> Broadcast {
    Broadcast(large, small, axis: small.rank == 0 ? 0 : axis.of(large))
  }
}
