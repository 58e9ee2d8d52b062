import Prototxt

/// Averages over the parts of regions, each part from a plane of its own (R-FCN).
///
/// - bottoms: N x output_dim · group_size² x H x W; regions, R x 5: image, left, top, right, bottom, in units of which
///   `spatial_scale` makes columns and rows. Regions have no gradient: theirs is zero.
/// - top: R x output_dim x group_size x group_size; 0 for a part without values.
package struct PSROIPooling: Layer {
  package static let type = "PSROIPooling"
  package static let arity = Arity(bottoms: 2...2, tops: 1...1)

  let outputs: Int, group: Int, scale: Float
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("psroi_pooling_param")
    for field in ["output_dim", "group_size"] where !(1...Int(Int16.max)).contains(parameters.int(field)) {
      throw parameters.error(field, "\(field) must be from 1 to \(Int16.max), not \(parameters.int(field))")
    }
    (outputs, group) = (parameters.int("output_dim"), parameters.int("group_size"))
    scale = try Regions.scale(parameters)
    place = parameters.location(of: "output_dim")
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    try Regions.check(bottoms)
    guard bottoms[0][1] == outputs * group * group else {
      throw ShapeError(
        "bottom 0 (\(bottoms[0])) must have output_dim · group_size² = \(outputs * group * group) channels", at: place)
    }
    let top = try Shape([bottoms[1][0], outputs, group, group]).fitting("the top", at: place)
    return Plan(tops: [top], division: .parts)
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data), width = x.shape[3]
    eachPart(pass) { i, plane, rows, columns in
      guard !rows.isEmpty, !columns.isEmpty else { return y.write { $0[i] = 0 } }
      let total = x.read { x in
        var total: Float = 0
        for row in rows { total += sum(x, at: plane + row * width + columns.lowerBound, columns.count) }
        return total
      }
      y.write { $0[i] = total / Float(rows.count * columns.count) }
    }
  }

  package func backward(_ pass: Pass) {
    if pass.wanted[1], pass.isFirst { pass.bottoms[1].gradient.clear() }
    guard pass.wanted[0] else { return }
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient), share = pass.share(of: outputs)
    let (width, size) = (dx.shape[3], group * group * dx.shape.count(from: 2))
    for image in 0..<dx.shape[0] { dx.clear(share.count * size, at: (image * outputs + share.lowerBound) * size) }
    dx.write(reading: dy) { dy, dx in
      eachPart(pass) { i, plane, rows, columns in
        let gradient = dy[i] / Float(rows.count * columns.count)
        for row in rows {
          let start = plane + row * width
          for at in start + columns.lowerBound..<start + columns.upperBound { dx[at] += gradient }
        }
      }
    }
  }

  /// Each value of the top in this call's share: its index, the start of its plane, and the part of the region there.
  private func eachPart(
    _ pass: Pass, _ body: (_ index: Int, _ plane: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Void
  ) {
    let x = pass.bottoms[0].shape
    for r in 0..<pass.bottoms[1].shape[0] {
      guard let region = Regions.region(r, pass) else { return }
      let corner = region.corners.map { $0.rounded() }
      let left = corner[0] * scale, up = corner[1] * scale
      let high = max((corner[3] + 1) * scale - up, 0.1) / Float(group)
      let wide = max((corner[2] + 1) * scale - left, 0.1) / Float(group)
      for output in pass.share(of: outputs) {
        for row in 0..<group {
          let rows = part(row, high, up, x[2])
          for column in 0..<group {
            let channel = (output * group + row) * group + column
            body(
              ((r * outputs + output) * group + row) * group + column,
              (region.image * x[1] + channel) * x[2] * x[3], rows, part(column, wide, left, x[3]))
          }
        }
      }
    }
  }

  private func part(_ index: Int, _ size: Float, _ start: Float, _ length: Int) -> Range<Int> {
    let limit = Float(length)
    let first = Int(min(max((Float(index) * size + start).rounded(.down), 0), limit))
    let end = Int(min(max((Float(index + 1) * size + start).rounded(.up), 0), limit))
    return first..<max(first, end)
  }
}
