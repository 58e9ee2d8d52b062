import Prototxt

/// The largest value in each of `pooled_h` x `pooled_w` parts of regions of planes; 0 in a part without values.
///
/// - bottoms: N x C x H x W; regions, R x 5: image, left, top, right, bottom, in units of which `spatial_scale` makes columns
///   and rows. Regions have no gradient: theirs is zero.
/// - top: R x C x pooled_h x pooled_w.
/// - kept: the index in its plane of each maximum as a bit pattern, -1 for none.
package struct ROIPooling: Layer {
  package static let type = "ROIPooling"
  package static let arity = Arity(bottoms: 2...2, tops: 1...1)

  let height: Int, width: Int, scale: Float
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("roi_pooling_param")
    for field in ["pooled_h", "pooled_w"] where parameters.int(field) < 1 {
      throw parameters.error(
        field, parameters.has(field) ? "\(field) must be 1 or more, not 0" : "\(field) is missing: the size of the top")
    }
    (height, width) = (parameters.int("pooled_h"), parameters.int("pooled_w"))
    scale = try Regions.scale(parameters)
    place = parameters.location(of: "pooled_h")
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    try Regions.check(bottoms)
    let top = try Shape([bottoms[1][0], x[1], height, width]).fitting("the top", at: place)
    return Plan(tops: [top], division: .parts, kept: [top])
  }

  package func forward(_ pass: Pass) {
    pass.tops[0].data.write(reading: pass.bottoms[0].data) { x, y in
      if pass.keeps {
        pass.kept[0].write { which in
          pool(x, &y, pass) { which[$0] = Float(bitPattern: UInt32(bitPattern: $1)) }
        }
      } else {
        pool(x, &y, pass) { _, _ in }
      }
    }
  }

  /// The first of the largest values of each part, and what `note` does with its index in the plane.
  @inline(__always)
  private func pool(
    _ x: Span<Float>, _ y: inout MutableSpan<Float>, _ pass: Pass, _ note: (_ i: Int, _ index: Int32) -> Void
  ) {
    let shape = pass.bottoms[0].shape, channels = shape[1], area = shape.count(from: 2)
    for r in 0..<pass.bottoms[1].shape[0] {
      guard let region = Regions.region(r, pass) else { return }
      let corner = region.corners.map { Int(($0 * scale).rounded()) }
      let high = Float(max(corner[3] - corner[1] + 1, 1)) / Float(height)
      let wide = Float(max(corner[2] - corner[0] + 1, 1)) / Float(width)
      let rows = (0..<height).map { Regions.part($0, of: high, from: corner[1], in: shape[2]) }
      let columns = (0..<width).map { Regions.part($0, of: wide, from: corner[0], in: shape[3]) }
      for c in pass.share(of: channels) {
        let plane = (region.image * channels + c) * area
        var i = (r * channels + c) * height * width
        for down in rows {
          for across in columns {
            let (value, index) = largest(x, plane, down, across, width: shape[3])
            y[i] = value
            note(i, index)
            i += 1
          }
        }
      }
    }
  }

  private func largest(
    _ x: Span<Float>, _ plane: Int, _ rows: Range<Int>, _ columns: Range<Int>, width: Int
  ) -> (value: Float, index: Int32) {
    guard !rows.isEmpty, !columns.isEmpty else { return (0, -1) }
    var (value, index) = (-Float.greatestFiniteMagnitude, -1)
    for row in rows {
      for at in row * width + columns.lowerBound..<row * width + columns.upperBound where x[plane + at] > value {
        (value, index) = (x[plane + at], at)
      }
    }
    return (value, Int32(index))
  }

  package func backward(_ pass: Pass) {
    if pass.wanted[1], pass.isFirst { pass.bottoms[1].gradient.clear() }
    guard pass.wanted[0] else { return }
    let (dx, dy) = (pass.bottoms[0].gradient, pass.tops[0].gradient), channels = dx.shape[1]
    let area = dx.shape.count(from: 2), pooled = height * width, share = pass.share(of: channels)
    for image in 0..<dx.shape[0] {
      dx.clear(share.count * area, at: (image * channels + share.lowerBound) * area)
    }
    dx.write(reading: dy, pass.kept[0]) { dy, which, dx in
      for r in 0..<pass.bottoms[1].shape[0] {
        guard let region = Regions.region(r, pass) else { return }
        for c in share {
          let plane = (region.image * channels + c) * area, first = (r * channels + c) * pooled
          for i in first..<first + pooled {
            let index = Int32(bitPattern: which[i].bitPattern)
            if index >= 0 { dx[plane + Int(index)] += dy[i] }
          }
        }
      }
    }
  }
}
