import Prototxt

/// What an SSD has found: the boxes it predicts, the best of those that overlap, for each class but the background.
///
/// - bottoms: movements of the boxes, N x boxes · 4 (or boxes · classes · 4 unless `share_location`); scores, N x boxes ·
///   classes; the boxes of PriorBox layers, 1 x 2 x boxes · 4; perhaps the images, which are not read.
/// - top: 1 x 1 x finds x 7: image, class, score, left, top, right, bottom; images and classes in their order. If nothing is found,
///   there is a row for each image whose other numbers are -1. It is planned for the most that can be found.
/// - state: the number of rows.
package struct DetectionOutput: DecidingLayer {
  package static let type = "DetectionOutput"
  package static let arity = Arity(bottoms: 3...4, tops: 1...1)
  package static var traits: Traits {
    var traits = Traits()
    traits.hasBackward = false
    return traits
  }

  private let classes: Int, background: Int, isShared: Bool
  private let code: BoxCode, isVarianceInTarget: Bool
  /// The most finds of an image.
  private let most: Int?
  private let suppression: Suppression
  private let warnings: [String]
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("detection_output_param"), nms = parameters.message("nms_param")
    guard parameters.int("num_classes") > 0 else {
      throw parameters.error("num_classes", "num_classes is missing: the number of classes with the background")
    }
    (classes, place) = (parameters.int("num_classes"), parameters.location(of: "num_classes"))
    background = parameters.int("background_label_id")
    isShared = parameters.bool("share_location")
    code = BoxCode(rawValue: parameters.enumeration("code_type")) ?? .corner
    isVarianceInTarget = parameters.bool("variance_encoded_in_target")
    most = parameters.int("keep_top_k") > -1 ? parameters.int("keep_top_k") : nil
    let (overlap, decay) = (nms.float("nms_threshold"), nms.float("eta"))
    guard overlap >= 0 else {
      throw nms.error("nms_threshold", "nms_threshold must be 0 or more, not \(overlap)")
    }
    guard decay > 0, decay <= 1 else { throw nms.error("eta", "eta must be above 0 and at most 1, not \(decay)") }
    suppression = Suppression(
      threshold: parameters.has("confidence_threshold")
        ? parameters.float("confidence_threshold") : -Float.greatestFiniteMagnitude,
      overlap: overlap, decay: decay, most: nms.has("top_k") && nms.int("top_k") > -1 ? nms.int("top_k") : nil)
    warnings =
      (parameters.bool("visualize") ? ["visualize is not done: nothing is drawn"] : [])
      + (parameters.message("save_output_param").string("output_directory").isEmpty
        ? [] : ["save_output_param is not done: no files of detections are written"])
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let (moves, scores, priors) = (bottoms[0], bottoms[1], bottoms[2])
    guard priors.rank >= 3, priors[1] == 2, priors.count(from: 2) % 4 == 0, priors[0] == 1 else {
      throw ShapeError("bottom 2 must be the boxes of PriorBox layers, 1 x 2 x boxes · 4, and it is \(priors)")
    }
    let boxes = priors.count(from: 2) / 4, locations = isShared ? 1 : classes
    try checkFirstAxes(Array(bottoms[..<2]))
    for (what, shape, size) in [("movements", moves, locations * 4), ("scores", scores, classes)]
    where shape.count(from: 1) != boxes * size {
      throw ShapeError(
        "there are \(shape.count(from: 1)) \(what) an image (\(shape)) for \(boxes) boxes; there must be \(size) for each",
        at: place)
    }
    let found = (classes - (0..<classes ~= background ? 1 : 0)) * min(boxes, suppression.most ?? boxes)
    let rows = moves[0] * max(min(most ?? found, found), 1)
    var plan = Plan(tops: [try Shape([1, 1, rows, 7]).fitting("the top", at: place)], division: .whole)
    plan.state = [[1]]
    plan.warnings = warnings
    return plan
  }

  /// One thing that was found.
  private struct Find {
    let label: Int, score: Float, box: Box
  }

  package func forward(_ pass: Pass) {
    let top = pass.tops[0].data, images = pass.bottoms[0].shape[0]
    pass.state[0].fill(Float(images))
    guard let priors = priors(pass) else { return }
    var rows = (0..<images).flatMap { image in
      finds(pass, image, priors).map { find in
        [Float(image), Float(find.label), find.score, find.box.left, find.box.top, find.box.right, find.box.bottom]
      }
    }
    if rows.isEmpty { rows = (0..<images).map { [Float($0)] + Array(repeating: -1, count: 6) } }
    pass.state[0].fill(Float(rows.count))
    top.write { top in for (i, value) in rows.joined().enumerated() { top[i] = value } }
  }

  package func decidedShapes(_ pass: Pass) -> [Shape] { [[1, 1, Int(pass.state[0].read { $0[0] }), 7]] }

  /// The boxes to be moved, with the factors of movements; `nil` after a failure is reported.
  private func priors(_ pass: Pass) -> [(box: Box, factors: SIMD4<Float>)]? {
    let values = pass.bottoms[2].data.values, count = values.count / 8
    let priors = (0..<count).map { i in
      (
        box: Box(values[4 * i], values[4 * i + 1], values[4 * i + 2], values[4 * i + 3]),
        factors: isVarianceInTarget ? SIMD4(repeating: 1) : SIMD4(values[4 * (count + i)..<4 * (count + i + 1)])
      )
    }
    let bad = priors.firstIndex { !($0.box.right > $0.box.left && $0.box.bottom > $0.box.top) }
    if code != .corner, let bad {
      pass.fail("box \(bad) of the priors is empty, and \(code.rawValue) needs its width and height")
      return nil
    }
    return priors
  }

  /// What is found in an image, class by class.
  private func finds(_ pass: Pass, _ image: Int, _ priors: [(box: Box, factors: SIMD4<Float>)]) -> [Find] {
    var finds: [Find] = [], shared: [Box] = isShared ? boxes(pass, image, 0, priors) : []
    let scores = pass.bottoms[1].data, first = image * priors.count * classes
    for label in 0..<classes where label != background {
      if !isShared { shared = boxes(pass, image, label, priors) }
      let kept = scores.read { scores in
        suppression.keep(shared) { scores[first + $0 * classes + label] }.map {
          Find(label: label, score: scores[first + $0 * classes + label], box: shared[$0])
        }
      }
      finds += kept
    }
    guard let most, finds.count > most else { return finds }
    let best = finds.indices.sorted { a, b in
      finds[a].score == finds[b].score ? a < b : finds[a].score > finds[b].score
    }
    return best[..<most].sorted().map { finds[$0] }
  }

  /// The moved boxes of an image, for a class or for all.
  private func boxes(
    _ pass: Pass, _ image: Int, _ label: Int, _ priors: [(box: Box, factors: SIMD4<Float>)]
  ) -> [Box] {
    let locations = isShared ? 1 : classes
    return pass.bottoms[0].data.read { moves in
      priors.indices.map { i in
        let at = ((image * priors.count + i) * locations + label) * 4, factors = priors[i].factors
        return code.decode(
          priors[i].box,
          (moves[at] * factors[0], moves[at + 1] * factors[1], moves[at + 2] * factors[2], moves[at + 3] * factors[3]))
      }
    }
  }
}
