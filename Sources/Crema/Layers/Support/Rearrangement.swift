/// A copy of a blob with its axes in another order.
struct Rearrangement {
  /// An axis of the result: its length, and the distance of its neighbours in the source and in the result.
  private struct Axis {
    var length: Int, source: Int, target: Int
  }

  private var axes: [Axis] = []
  private let isEmpty: Bool

  /// Axis `i` of the result is axis `order[i]` of a blob of this shape.
  init(_ shape: Shape, order: [Int]) {
    isEmpty = shape.count == 0
    var target = shape.count
    for index in order where shape[index] != 1 {
      target /= max(shape[index], 1)
      let axis = Axis(length: shape[index], source: shape.count(from: index + 1), target: target)
      if let last = axes.last, last.source == axis.source * axis.length {
        axes[axes.count - 1] = Axis(length: last.length * axis.length, source: axis.source, target: target)
      } else {
        axes.append(axis)
      }
    }
  }

  /// Fills `y` with the values of `x`, of other memory or the same.
  func run(_ x: Tensor, into y: Tensor) {
    guard !isEmpty else { return }
    guard axes.count > 1, let last = axes.last else { return y.copy(x) }
    if last.source == 1 {
      return each(axes.dropLast()) { source, target in y.copy(last.length, at: target, of: x, from: source) }
    }
    guard let row = axes.firstIndex(where: { $0.source == 1 }) else { return }
    let rows = axes[row]
    each(axes[..<row] + axes[(row + 1)..<(axes.count - 1)]) { source, target in
      y.turn(
        rows.length, last.length, at: target, stride: rows.target, of: x, from: source, stride: last.source)
    }
  }

  /// The first elements in the source and in the result, for each index of some axes.
  private func each(_ axes: ArraySlice<Axis>, _ body: (_ source: Int, _ target: Int) -> Void) {
    guard let first = axes.first else { return body(0, 0) }
    for i in 0..<first.length {
      each(axes.dropFirst()) { body(i * first.source + $0, i * first.target + $1) }
    }
  }
}
