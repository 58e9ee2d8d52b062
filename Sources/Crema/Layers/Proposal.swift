import Glibc
import Prototxt

/// The regions that a region proposal network finds in one image (Faster R-CNN): anchors moved by what it predicts and cut off at the
/// image's border, without those that are too small, the best of those that overlap. For inference.
///
/// - bottoms: scores, 1 x 2 · anchors x H x W, of which the second half says what is an object; movements, 1 x 4 · anchors x H x W;
///   the image's height, width and scale, or two scales (along rows and columns).
/// - tops: rows of image (0), left, top, right and bottom, at most `post_nms_topn`, the best first; perhaps their scores. They are
///   planned for the most.
/// - state: how many were found.
package struct Proposal: DecidingLayer {
  package static let type = "Proposal"
  package static let arity = Arity(bottoms: 3...3, tops: 1...2)
  package static var traits: Traits {
    var traits = Traits()
    traits.hasBackward = false
    return traits
  }

  private let anchors: [Box], stride: Float, least: Float, before: Int, after: Int, overlap: Float
  private let place: SourceLocation?, hasScores: Bool

  /// A rectangle whose sides are one longer than the differences of its corners.
  private struct Box {
    var left: Float, top: Float, right: Float, bottom: Float
    var width: Float { right - left + 1 }
    var height: Float { bottom - top + 1 }

    /// The part of both together that is in both.
    func overlap(_ other: Box) -> Float {
      let wide = min(right, other.right) - max(left, other.left) + 1
      let high = min(bottom, other.bottom) - max(top, other.top) + 1
      guard wide > 0, high > 0 else { return 0 }
      return wide * high / (width * height + other.width * other.height - wide * high)
    }
  }

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("proposal_param")
    for field in ["feat_stride", "base_size", "pre_nms_topn", "post_nms_topn"] where parameters.int(field) < 1 {
      throw parameters.error(field, "\(field) must be 1 or more, not \(parameters.int(field))")
    }
    for field in ["ratio", "scale"] {
      for (index, value) in parameters.floats(field).enumerated() where !(value > 0 && value < 1_048_576) {
        throw parameters.error(field, index: index, "\(field) must be above 0, not \(value)")
      }
    }
    overlap = parameters.float("nms_thresh")
    guard overlap >= 0 else { throw parameters.error("nms_thresh", "nms_thresh must be 0 or more, not \(overlap)") }
    (stride, least) = (Float(parameters.int("feat_stride")), Float(parameters.int("min_size")))
    (before, after) = (parameters.int("pre_nms_topn"), parameters.int("post_nms_topn"))
    let (ratios, scales) = (parameters.floats("ratio"), parameters.floats("scale"))
    anchors = Proposal.anchors(
      Float(parameters.int("base_size")), ratios: ratios.isEmpty ? [0.5, 1, 2] : ratios,
      scales: scales.isEmpty ? [8, 16, 32] : scales)
    place = parameters.location(of: "ratio") ?? parameters.location
    hasScores = fields.tops.count > 1
  }

  /// Boxes around the middle of a square, of about its area times the square of each scale.
  private static func anchors(_ base: Float, ratios: [Float], scales: [Float]) -> [Box] {
    let middle = (base - 1) / 2
    return ratios.flatMap { ratio in
      let width = (base * base / ratio).squareRoot().rounded(), height = (width * ratio).rounded()
      return scales.map { scale in
        let x = (width * scale - 1) / 2, y = (height * scale - 1) / 2
        return Box(left: middle - x, top: middle - y, right: middle + x, bottom: middle + y)
      }
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let (scores, moves) = (bottoms[0], bottoms[1])
    guard scores.rank == 4, moves.rank == 4, scores[0] == 1, moves[0] == 1, scores[2] == moves[2], scores[3] == moves[3]
    else {
      throw ShapeError(
        "the scores and movements must be of one image and one size, and they are \(scores) and \(moves)")
    }
    guard scores[1] == 2 * anchors.count, moves[1] == 4 * anchors.count else {
      throw ShapeError(
        "there are \(anchors.count) anchors (ratios times scales), so there must be \(2 * anchors.count) channels of scores "
          + "and \(4 * anchors.count) of movements, not \(scores[1]) and \(moves[1])", at: place)
    }
    guard [3, 4].contains(bottoms[2].count) else {
      throw ShapeError(
        "bottom 2 must be the image's height, width and scale, or two scales, and it is \(bottoms[2])")
    }
    let most = min(after, anchors.count * scores[2] * scores[3])
    var plan = Plan(tops: [[most, 5]] + (hasScores ? [[most, 1]] : []), division: .whole)
    plan.state = [[1]]
    return plan
  }

  package func forward(_ pass: Pass) {
    let found = boxes(pass), kept = found.isEmpty ? [] : suppress(found)
    pass.state[0].fill(Float(kept.count))
    pass.tops[0].data.write { top in
      for (row, find) in kept.enumerated() {
        let values = [0, find.box.left, find.box.top, find.box.right, find.box.bottom]
        for (i, value) in values.enumerated() { top[row * 5 + i] = value }
      }
    }
    guard hasScores else { return }
    pass.tops[1].data.write { top in for (row, find) in kept.enumerated() { top[row] = find.score } }
  }

  package func decidedShapes(_ pass: Pass) -> [Shape] {
    let count = Int(pass.state[0].read { $0[0] })
    return pass.tops.map { $0.shape.images(count) }
  }

  /// The moved anchors that are large enough, the best first: as many as are looked at.
  private func boxes(_ pass: Pass) -> [(score: Float, box: Box)] {
    let shape = pass.bottoms[0].shape, (rows, columns) = (shape[2], shape[3]), area = rows * columns
    let image = pass.bottoms[2].data.values, (high, wide) = (image[0], image[1])
    let (leastHigh, leastWide) = (least * image[2], least * (image.count > 3 ? image[3] : image[2]))
    var boxes: [(score: Float, box: Box)] = []
    pass.bottoms[0].data.read { scores in
      pass.bottoms[1].data.read { moves in
        for position in 0..<area {
          let x = Float(position % columns) * stride, y = Float(position / columns) * stride
          for (k, anchor) in anchors.enumerated() {
            let score = scores[(anchors.count + k) * area + position], at = 4 * k * area + position
            let box = moved(
              anchor, x, y, (moves[at], moves[at + area], moves[at + 2 * area], moves[at + 3 * area]), high, wide)
            if box.width >= leastWide, box.height >= leastHigh, !score.isNaN { boxes.append((score, box)) }
          }
        }
      }
    }
    let order = boxes.indices.sorted {
      boxes[$0].score == boxes[$1].score ? $0 < $1 : boxes[$0].score > boxes[$1].score
    }
    return order.prefix(before).map { boxes[$0] }
  }

  private func moved(
    _ anchor: Box, _ x: Float, _ y: Float, _ by: (Float, Float, Float, Float), _ high: Float, _ wide: Float
  ) -> Box {
    let (width, height) = (anchor.width, anchor.height)
    let middleX = x + anchor.left + width / 2 + by.0 * width, middleY = y + anchor.top + height / 2 + by.1 * height
    let halfWidth = expf(by.2) * width / 2, halfHeight = expf(by.3) * height / 2
    let inside = { (value: Float, size: Float) in max(0, min(value, size - 1)) }
    return Box(
      left: inside(middleX - halfWidth, wide), top: inside(middleY - halfHeight, high),
      right: inside(middleX + halfWidth, wide), bottom: inside(middleY + halfHeight, high))
  }

  private func suppress(_ boxes: [(score: Float, box: Box)]) -> [(score: Float, box: Box)] {
    var kept: [(score: Float, box: Box)] = []
    for candidate in boxes where kept.allSatisfy({ candidate.box.overlap($0.box) <= overlap }) {
      kept.append(candidate)
      if kept.count == after { break }
    }
    return kept
  }
}
