import Prototxt

/// The places of the `top_k` largest values, the largest first, or the values themselves. Of equal values the last
/// one comes first.
///
/// - top: without `axis`, the places among all values of an image, images x 1 x top_k (then 1 for each axis behind
///   the third); with `out_max_val` images x 2 x top_k, places and then values. With `axis`, the bottom with top_k on
///   it: places, or with `out_max_val` values.
package struct ArgMax: Layer {
  package static let type = "ArgMax"
  package static var traits: Traits {
    var traits = Traits()
    traits.hasBackward = false
    return traits
  }

  let best: Int, givesValues: Bool
  let axis: AxisField?
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("argmax_param")
    best = parameters.int("top_k")
    givesValues = parameters.bool("out_max_val")
    axis = parameters.has("axis") ? AxisField(parameters) : nil
    place = parameters.location(of: "top_k")
    guard best > 0 else { throw parameters.error("top_k", "top_k must be 1 or more, not \(best)") }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0], axis = try axis?.resolved(in: x)
    guard x.rank > 0 else { throw ShapeError("the bottom must have images, and it is a scalar") }
    let count = axis.map { x[$0] } ?? x.count(from: 1)
    guard best <= count else {
      throw ShapeError(
        "top_k \(best) is larger than the \(count) values to choose from (\(x)); make it smaller", at: place)
    }
    var top = x
    if let axis {
      top.axes[axis] = best
    } else {
      top = Shape([x[0], givesValues ? 2 : 1, best] + Array(repeating: 1, count: max(0, x.rank - 3)))
    }
    return Plan(tops: [top], division: axis == 0 ? .whole : .images)
  }

  package func forward(_ pass: Pass) {
    let shape = pass.bottoms[0].shape, axis = axis?.of(shape)
    let count = axis.map { shape[$0] } ?? shape.count(from: 1), inner = axis.map { shape.count(from: $0 + 1) } ?? 1
    let rows = shape.count(0..<(axis ?? 1)) * inner
    pass.tops[0].data.write(reading: pass.bottoms[0].data) { x, y in
      for row in 0..<rows {
        let (outer, i) = (row / inner, row % inner), start = outer * count * inner + i
        for (rank, place) in largest(x, start, stride: inner, count).enumerated() {
          let value = x[start + place * inner]
          if axis != nil {
            y[(outer * best + rank) * inner + i] = givesValues ? value : Float(place)
          } else if givesValues {
            y[2 * row * best + rank] = Float(place)
            y[(2 * row + 1) * best + rank] = value
          } else {
            y[row * best + rank] = Float(place)
          }
        }
      }
    }
  }

  /// The places of the largest of `count` values, in order.
  private func largest(_ x: Span<Float>, _ start: Int, stride: Int, _ count: Int) -> [Int] {
    if best == 1 {
      var at = 0
      for i in 1..<max(count, 1) where !(x[start + at * stride] > x[start + i * stride]) { at = i }
      return [at]
    }
    var order = (0..<count).map { (value: x[start + $0 * stride], place: $0) }
    order.sort { a, b in a.value > b.value || (!(b.value > a.value) && a.place > b.place) }
    return order.prefix(best).map(\.place)
  }
}
