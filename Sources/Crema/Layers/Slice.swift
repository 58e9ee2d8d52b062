import Prototxt

/// The bottom cut along an axis: at `slice_point`, or in equal parts.
package struct Slice: Layer {
  package static let type = "Slice"
  package static let arity = Arity(bottoms: 1...1, tops: 1...Int.max)

  let axis: AxisField, points: [Int], count: Int
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("slice_param")
    axis = try AxisField(parameters, old: "slice_dim")
    points = parameters.ints("slice_point")
    count = fields.tops.count
    place = parameters.location(of: "slice_point")
    guard points.isEmpty || points.count == count - 1 else {
      throw parameters.error(
        "slice_point",
        "\(count) tops need \(count - 1) slice points, and there are \(points.count); give one less than tops")
    }
    for index in points.indices where points[index] <= (index == 0 ? 0 : points[index - 1]) {
      throw parameters.error(
        "slice_point", index: index,
        "slice points must grow, and \(points[index]) follows \(index == 0 ? 0 : points[index - 1])")
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let axis = try axis.resolved(in: bottoms[0]), length = bottoms[0][axis]
    let cuts: [Int]
    if points.isEmpty {
      guard length % count == 0 else {
        throw ShapeError(
          "\(count) tops do not divide axis \(axis) of the bottom (\(bottoms[0])); give slice_point",
          at: self.axis.location)
      }
      cuts = (0...count).map { $0 * (length / count) }
    } else {
      guard let last = points.last, last < length else {
        throw ShapeError(
          "slice point \(points.last ?? 0) is not inside axis \(axis), which has the length \(length) (\(bottoms[0]))",
          at: place)
      }
      cuts = [0] + points + [length]
    }
    let tops = zip(cuts, cuts.dropFirst()).map { from, to in
      var top = bottoms[0]
      top.axes[axis] = to - from
      return top
    }
    return Plan(tops: tops, division: axis == 0 ? .whole : .images, aliases: count == 1)
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data
    Pieces(pass.tops.map(\.shape), axis: axis.of(x.shape)).each { i, count, to, from in
      pass.tops[i].data.copy(count, at: to, of: x, from: from)
    }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient
    Pieces(pass.tops.map(\.shape), axis: axis.of(dx.shape)).each { i, count, from, to in
      dx.copy(count, at: to, of: pass.tops[i].gradient, from: from)
    }
  }
}
