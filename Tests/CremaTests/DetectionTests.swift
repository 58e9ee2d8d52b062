import Crema
import Foundation
import TestSupport
import Testing

/// PriorBox and DetectionOutput.
@Suite struct DetectionTests {
  @Test func priorBoxes() throws {
    let text = "type: 'PriorBox' bottom: 'a' bottom: 'b' prior_box_param { min_size: 30.9 max_size: 60 aspect_ratio: 4 "
    let map = Tensor([1, 5, 1, 2]), image = Tensor([1, 3, 100, 200])
    let top = try forward(
      text + "aspect_ratio: 1 aspect_ratio: 0.25 variance: 0.1 variance: 0.2 variance: 0.3 variance: 0.4 }",
      [map, image]
    )
    .tops[0].data
    // Sizes are cut to whole pixels; 0.25 is there already as the flipped 4. Centres are at (50, 50) and (150, 50).
    let sides: [(Float, Float)] = [(30, 30), (sqrtf(1800), sqrtf(1800)), (60, 15), (15, 60)]
    var expected: [Float] = []
    for x in [Float(50), 150] {
      for (width, height) in sides {
        expected += [(x - width / 2) / 200, (50 - height / 2) / 100, (x + width / 2) / 200, (50 + height / 2) / 100]
      }
    }
    expected += (0..<8).flatMap { _ in [Float(0.1), 0.2, 0.3, 0.4] }
    #expect(top.shape == [1, 2, 32])
    #expect(difference(top, Tensor([1, 2, 32], expected), .forward, what: "top") == nil)
  }

  @Test func priorBoxesOfGivenSizes() throws {
    let text = """
      type: 'PriorBox' bottom: 'a' bottom: 'b' prior_box_param {
        min_size: 20 min_size: 40 aspect_ratio: 4 flip: false clip: true img_h: 50 img_w: 100 step_w: 10 step_h: 5 offset: 1
      }
      """
    let top = try forward(text, [Tensor([1, 5, 1, 1]), Tensor([7])]).tops[0].data
    // Around (10, 5): 20 x 20, 40 x 10, then 40 x 40 and 80 x 20.
    let expected: [Float] = [0, 0, 0.2, 0.3, 0, 0, 0.3, 0.2, 0, 0, 0.3, 0.5, 0, 0, 0.5, 0.3]
    #expect(
      difference(top, Tensor([1, 2, 16], expected + Array(repeating: 0.1, count: 16)), .forward, what: "top") == nil)
  }

  /// Priors of equal variances.
  private func priors(_ boxes: [[Float]], _ variances: [Float] = [1, 1, 1, 1]) -> Tensor {
    Tensor([1, 2, boxes.count * 4], boxes.flatMap { $0 } + boxes.flatMap { _ in variances })
  }

  private func detect(_ fields: String, _ moves: Tensor, _ scores: Tensor, _ priors: Tensor) throws -> LayerRun {
    try forward(
      "type: 'DetectionOutput' bottom: 'a' bottom: 'b' bottom: 'c' detection_output_param { \(fields) }",
      [moves, scores, priors])
  }

  /// The rows that the layer has made.
  private func rows(_ run: LayerRun) throws -> [[Float]] {
    let values = run.tops[0].data.values, shape = try #require(run.decidedShapes?.first)
    #expect(shape == [1, 1, shape[2], 7] && shape.count <= values.count)
    return (0..<shape[2]).map { Array(values[7 * $0..<7 * $0 + 7]) }
  }

  /// A box of 0.4 x 0.6 around (0.4, 0.6), moved by 1, 0.5, 0.5, 1.
  static let codes: [(code: String, isInTarget: Bool, box: [Float])] = [
    ("CORNER", false, [0.3, 0.35, 0.7, 1.1]), ("CORNER", true, [1.2, 0.8, 1.1, 1.9]),
    ("CORNER_SIZE", false, [0.24, 0.33, 0.64, 1.02]), ("CORNER_SIZE", true, [0.6, 0.6, 0.8, 1.5]),
    ("CENTER_SIZE", false, [0.2189658, 0.2635792, 0.6610342, 0.9964208]),
    ("CENTER_SIZE", true, [0.4702557, 0.0845155, 1.1297443, 1.7154845]),
  ]

  @Test(arguments: codes.indices)
  func boxesAreMoved(_ index: Int) throws {
    let (code, isInTarget, box) = DetectionTests.codes[index]
    let run = try detect(
      "num_classes: 2 code_type: \(code) variance_encoded_in_target: \(isInTarget)", Tensor([1, 4], [1, 0.5, 0.5, 1]),
      Tensor([1, 2], [0, 1]), priors([[0.2, 0.3, 0.6, 0.9]], [0.1, 0.1, 0.2, 0.2]))
    let expected = Tensor([1, 1, 1, 7], [0, 1, 1] + box)
    #expect(difference(run.tops[0].data, expected, .forward, what: code) == nil)
  }

  /// Three boxes: the first two overlap by 0.6 (0.3 / 0.5), the third is apart.
  private let three: [[Float]] = [[0, 0, 0.4, 1], [0.1, 0, 0.5, 1], [0.6, 0, 1, 1]]

  @Test func overlapsAreSuppressedForEachClass() throws {
    let scores = Tensor([1, 9], [0.1, 0.5, 0.4, 0.1, 0.8, 0.1, 0.1, 0.3, 0.6])
    let still = Tensor([1, 12])
    let found = try rows(detect("num_classes: 3 nms_param { nms_threshold: 0.5 }", still, scores, priors(three)))
    #expect(found.map { Array($0[..<3]) } == [[0, 1, 0.8], [0, 1, 0.3], [0, 2, 0.6], [0, 2, 0.4]])
    #expect(found[0][3...] == [0.1, 0, 0.5, 1])
    #expect(found[3][3...] == [0, 0, 0.4, 1])
    let looser = try rows(detect("num_classes: 3 nms_param { nms_threshold: 0.7 }", still, scores, priors(three)))
    #expect(looser.map { $0[1] } == [1, 1, 1, 2, 2, 2])
    #expect(looser.map { $0[2] } == [0.8, 0.5, 0.3, 0.6, 0.4, 0.1])
  }

  @Test func limitsOfWhatIsFound() throws {
    let scores = Tensor([1, 9], [0.1, 0.5, 0.4, 0.1, 0.8, 0.1, 0.1, 0.3, 0.6])
    let labels = { (fields: String) in
      try rows(detect("num_classes: 3 \(fields)", Tensor([1, 12]), scores, priors(three))).map { [$0[1], $0[2]] }
    }
    #expect(try labels("keep_top_k: 2 nms_param { nms_threshold: 1 }") == [[1, 0.8], [2, 0.6]])
    #expect(try labels("nms_param { nms_threshold: 1 top_k: 1 }") == [[1, 0.8], [2, 0.6]])
    #expect(
      try labels("confidence_threshold: 0.45 nms_param { nms_threshold: 1 }")
        == [[1, 0.8], [1, 0.5], [2, 0.6]])
    #expect(
      try labels("background_label_id: 2 nms_param { nms_threshold: 0 }")
        == [[0, 0.1], [0, 0.1], [1, 0.8], [1, 0.3]])
    // The limit of overlaps goes from 0.7 to 0.35 when the first box is kept: the second one no longer passes.
    #expect(try labels("confidence_threshold: 0.2 nms_param { nms_threshold: 0.7 eta: 0.5 }").count { $0[0] == 1 } == 2)
  }

  @Test func locationsOfTheirOwnForEachClass() throws {
    let moves = Tensor([1, 8], [0, 0, 0, 0, 0.1, 0.2, 0.3, 0.4])
    let run = try detect(
      "num_classes: 2 share_location: false", moves, Tensor([1, 2], [0.9, 0.6]), priors([[0, 0, 0.5, 0.5]]))
    #expect(
      difference(run.tops[0].data, Tensor([1, 1, 1, 7], [0, 1, 0.6, 0.1, 0.2, 0.8, 0.9]), .forward, what: "top") == nil)
  }

  @Test func nothingFoundIsARowForEachImage() throws {
    let run = try detect(
      "num_classes: 2 keep_top_k: 2 confidence_threshold: 0.5", Tensor([3, 12]), Tensor([3, 6]), priors(three))
    let nothing: [Float] = [-1, -1, -1, -1, -1, -1]
    #expect(try rows(run) == [[0] + nothing, [1] + nothing, [2] + nothing])
  }

  @Test func emptyPriorsAreReported() throws {
    let flat = priors([[0, 0, 0.5, 0.5], [0.1, 0.2, 0.1, 0.4]])
    let run = try detect("num_classes: 2 code_type: CENTER_SIZE", Tensor([1, 8]), Tensor([1, 4]), flat)
    #expect(run.takeFailure() == "box 1 of the priors is empty, and CENTER_SIZE needs its width and height")
    #expect(try detect("num_classes: 2", Tensor([1, 8]), Tensor([1, 4]), flat).takeFailure() == nil)
  }

  /// Many boxes, against a search that looks at all pairs.
  @Test func manyBoxes() throws {
    let count = 200, classes = 4, images = 2
    var numbers = Numbers(8)
    let boxes = (0..<count).map { _ -> [Float] in
      let (x, y) = ((numbers.next() + 1) / 2, (numbers.next() + 1) / 2)
      return [x - 0.15, y - 0.1, x + 0.15, y + 0.1]
    }
    let moves = random([images, count * 4], 9), scores = random([images, count * classes, 1, 1], 10)
    moves.scale(by: 0.05)
    let fields = "num_classes: 4 keep_top_k: 60 confidence_threshold: 0.2 nms_param { nms_threshold: 0.4 top_k: 50 }"
    let found = try rows(detect(fields, moves, scores, priors(boxes)))
    var expected: [[Float]] = []
    for image in 0..<images {
      var all: [[Float]] = []
      for label in 1..<classes {
        let candidates = (0..<count).map { i -> [Float] in
          let box = (0..<4).map { boxes[i][$0] + moves.values[(image * count + i) * 4 + $0] }
          return [Float(image), Float(label), scores.values[(image * count + i) * classes + label]] + box
        }
        let best = candidates.filter { $0[2] > 0.2 }.sorted { $0[2] > $1[2] }.prefix(50)
        var kept: [[Float]] = []
        for box in best where !kept.contains(where: { overlap($0, box) > 0.4 }) { kept.append(box) }
        all += kept
      }
      if all.count > 60 {
        let least = all.map { $0[2] }.sorted(by: >)[59]
        all.removeAll { $0[2] < least }
      }
      expected += all
    }
    #expect(found == expected)
    #expect(found.count > 60)
  }

  private func overlap(_ a: [Float], _ b: [Float]) -> Double {
    let width = Double(min(a[5], b[5])) - Double(max(a[3], b[3]))
    let height = Double(min(a[6], b[6])) - Double(max(a[4], b[4]))
    guard width > 0, height > 0 else { return 0 }
    let area = { (box: [Float]) in Double(box[5] - box[3]) * Double(box[6] - box[4]) }
    return width * height / (area(a) + area(b) - width * height)
  }
}
