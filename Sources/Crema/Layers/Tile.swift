import Prototxt

/// The bottom's values from an axis on, `tiles` times one after the other along that axis.
package struct Tile: Layer {
  package static let type = "Tile"

  let axis: AxisField, tiles: Int
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("tile_param")
    axis = AxisField(parameters)
    tiles = parameters.int("tiles")
    place = parameters.location(of: "tiles")
    guard parameters.has("tiles") else { throw parameters.error("tiles", "tiles is missing: the number of copies") }
    guard tiles > 0 else { throw parameters.error("tiles", "tiles must be 1 or more, not \(tiles)") }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let axis = try axis.resolved(in: bottoms[0])
    var top = bottoms[0]
    top.axes[axis] *= tiles
    return Plan(tops: [try top.fitting("the top", at: place)], division: axis == 0 ? .whole : .images)
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data
    each(x.shape) { tile, count, small, large in pass.tops[0].data.copy(count, at: large, of: x, from: small) }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient, dy = pass.tops[0].gradient
    each(dx.shape) { tile, count, small, large in
      if tile == 0 {
        dx.copy(count, at: small, of: dy, from: large)
      } else {
        dx.add(count, at: small, of: dy, from: large)
      }
    }
  }

  /// Each copy of each run of values: its number, the length, the start in the bottom and in the top.
  @inline(__always)
  private func each(_ x: Shape, _ body: (_ tile: Int, _ count: Int, _ small: Int, _ large: Int) -> Void) {
    let axis = axis.of(x), count = x.count(from: axis)
    for outer in 0..<x.count(0..<axis) {
      for tile in 0..<tiles { body(tile, count, outer * count, (outer * tiles + tile) * count) }
    }
  }
}
