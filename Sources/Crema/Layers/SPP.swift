import Prototxt

/// A pyramid of poolings that gives as many values for planes of any size: level i has 2^i x 2^i windows, which together
/// cover the plane.
///
/// - bottom: N x C x H x W.
/// - top: N x (C · windows of all levels), level after level; N x C x 1 x 1 if there is one level.
/// - kept: for MAX, the places of the maxima.
package struct SPP: Layer {
  package static let type = "SPP"

  let height: Int, isMax: Bool
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("spp_param"), method = parameters.enumeration("pool")
    height = parameters.int("pyramid_height")
    isMax = method == "MAX"
    place = parameters.location(of: "pyramid_height")
    guard method != "STOCHASTIC" else {
      throw parameters.error(
        "pool", "pool: STOCHASTIC has no padding, which pyramids need; use MAX or AVE")
    }
    guard height > 0 else {
      throw parameters.error(
        "pyramid_height",
        parameters.has("pyramid_height")
          ? "pyramid_height must be 1 or more, not 0" : "pyramid_height is missing; give the number of levels")
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    guard x.rank == 4 else {
      throw ShapeError("the bottom must have 4 axes (images, channels, height, width), and it has \(x.axesText)")
    }
    var windows = 0
    for level in 0..<height {
      let bins = 1 << min(level, 32)
      guard [x[2], x[3]].allSatisfy({ SPP.fits(bins, $0) }) else {
        throw ShapeError(
          "level \(level + 1) of the pyramid divides each axis by \(bins), and \(x[2])x\(x[3]) is too small for that: some "
            + "windows would hold nothing but padding; use pyramid_height: \(level) or a larger input", at: place)
      }
      windows += bins * bins
    }
    let top: Shape = height == 1 ? [x[0], x[1], 1, 1] : [x[0], x[1] * windows]
    _ = try top.fitting("the top", at: place)
    return Plan(
      tops: [top], kept: isMax ? [top] : [], scratch: height == 1 ? [] : [Shape([1] + x.axes[1...])])
  }

  package func forward(_ pass: Pass) {
    each(pass) { pooling, level, part in pooling.forward(part) }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient, size = dx.shape.count(from: 1)
    each(pass) { pooling, level, part in
      guard level.index > 0 else { return pooling.backward(part) }
      let own = Blob(part.bottoms[0].data, gradient: pass.scratch[0])
      pooling.backward(Pass(bottoms: [own], tops: part.tops, kept: part.kept))
      dx.add(size, at: level.image * size, of: pass.scratch[0])
    }
  }

  /// The pooling of each level for each image, and what it works on.
  private func each(_ pass: Pass, _ body: (_ pooling: Pooling, _ level: (index: Int, image: Int), _ part: Pass) -> Void)
  {
    let x = pass.bottoms[0].shape, size = pass.tops[0].shape.count(from: 1)
    for image in 0..<x[0] {
      let bottom = pass.bottoms[0].images(image..<image + 1)
      var start = image * size
      for level in 0..<height {
        let bins = 1 << level, shape: Shape = [1, x[1], bins, bins]
        let top = Blob(
          pass.tops[0].data.view(shape, from: start), gradient: pass.tops[0].gradient.view(shape, from: start))
        let kept = isMax && pass.keeps ? [pass.kept[0].view(shape, from: start)] : []
        body(
          Pooling(isMax: isMax, window: SPP.window(bins, x)), (level, image),
          Pass(bottoms: [bottom], tops: [top], kept: kept, keeps: pass.keeps))
        start += shape.count
      }
    }
  }

  private static func kernel(_ bins: Int, _ length: Int) -> Int { (length + bins - 1) / bins }
  private static func pad(_ bins: Int, _ length: Int) -> Int { (kernel(bins, length) * bins - length + 1) / 2 }

  /// Whether every one of so many windows has some of the plane.
  private static func fits(_ bins: Int, _ length: Int) -> Bool {
    length > 0 && pad(bins, length) < kernel(bins, length)
  }

  private static func window(_ bins: Int, _ x: Shape) -> PoolingWindow {
    PoolingWindow(kernel: (kernel(bins, x[2]), kernel(bins, x[3])), pad: (pad(bins, x[2]), pad(bins, x[3])))
  }
}
