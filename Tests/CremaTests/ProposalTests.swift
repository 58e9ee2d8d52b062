import Crema
import Prototxt
import TestSupport
import Testing

/// The regions that a region proposal network finds.
@Suite struct ProposalTests {
  private static let parameters = "feat_stride: 8 base_size: 8 ratio: 1 ratio: 2 scale: 1 scale: 3 min_size: 4"
  private static let text = "type: 'Proposal' bottom: 's' bottom: 'm' bottom: 'i' top: 'rois' top: 'scores'"

  private func bottoms(_ rows: Int = 3, _ columns: Int = 4) -> [Tensor] {
    let scores = random([1, 8, rows, columns], 5), moves = random([1, 16, rows, columns], 6)
    return [scores, moves, Tensor([1, 3], [30, 40, 2])]
  }

  /// The anchors of 8 pixels, by ratios (height by width) and scales.
  private static let sizes: [(Double, Double)] = [(8, 8), (24, 24), (6, 12), (18, 36)]

  /// Every box with its score, the best first, in doubles.
  private func expected(_ bottoms: [Tensor]) -> [(score: Float, box: [Double])] {
    let scores = reader(bottoms[0]), moves = reader(bottoms[1]), shape = bottoms[0].shape
    var all: [(score: Float, box: [Double])] = []
    for h in 0..<shape[2] {
      for w in 0..<shape[3] {
        for (k, (wide, high)) in Self.sizes.enumerated() {
          let by = (0..<4).map { Double(moves(0, 4 * k + $0, h, w)) }
          // The middle of an anchor that is `wide` pixels across: half of it behind its first pixel.
          let x = 3.5 + Double(8 * w) - (wide - 1) / 2 + wide / 2 + by[0] * wide
          let y = 3.5 + Double(8 * h) - (high - 1) / 2 + high / 2 + by[1] * high
          let (halfWide, halfHigh) = (exponential(by[2]) * wide / 2, exponential(by[3]) * high / 2)
          let box = [
            min(max(x - halfWide, 0), 39), min(max(y - halfHigh, 0), 29), min(max(x + halfWide, 0), 39),
            min(max(y + halfHigh, 0), 29),
          ]
          guard box[2] - box[0] + 1 >= 8, box[3] - box[1] + 1 >= 8 else { continue }
          all.append((scores(0, 4 + k, h, w), box))
        }
      }
    }
    return all.sorted { $0.score > $1.score }
  }

  private func exponential(_ x: Double) -> Double { (0..<30).reversed().reduce(1) { 1 + x / Double($1 + 1) * $0 } }

  private func overlap(_ a: [Double], _ b: [Double]) -> Double {
    let wide = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1), high = max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
    let size = { (box: [Double]) in (box[2] - box[0] + 1) * (box[3] - box[1] + 1) }
    return wide * high / (size(a) + size(b) - wide * high)
  }

  @Test(arguments: [(6000, 300, 0.7), (6000, 300, 0.3), (20, 300, 0.5), (6000, 4, 0.7), (3, 2, 2.0)])
  func findsTheBest(_ before: Int, _ after: Int, _ limit: Double) throws {
    let bottoms = bottoms()
    var kept: [(score: Float, box: [Double])] = []
    for candidate in expected(bottoms).prefix(before) where kept.count < after {
      if kept.allSatisfy({ overlap($0.box, candidate.box) <= limit }) { kept.append(candidate) }
    }
    let layer = try makeLayer(
      "\(Self.text) proposal_param { \(Self.parameters) pre_nms_topn: \(before) post_nms_topn: \(after) "
        + "nms_thresh: \(limit) }", phase: .test)
    let run = try LayerRun(layer, bottoms: bottoms.map { Blob($0, gradient: Tensor($0.shape)) })
    run.forward()
    #expect(run.tops[0].shape == [min(after, 48), 5])
    #expect(run.decidedShapes == [[kept.count, 5], [kept.count, 1]])
    for (row, find) in kept.enumerated() {
      #expect(run.tops[1].data.values[row] == find.score)
      for (i, value) in ([0] + find.box).enumerated() {
        #expect(abs(Double(run.tops[0].data.values[row * 5 + i]) - value) < 1e-3)
      }
    }
  }

  /// Region pooling behind it has as many regions as were found.
  @Test(arguments: [false, true]) func runsInANet(usesEngine: Bool) throws {
    let graph = try SmallNet.graph(
      """
      layer { name: 'in' type: 'Input' top: 's' top: 'm' top: 'i' top: 'map' input_param { shape { dim: 1 dim: 8 dim: 3 dim: 4 }
              shape { dim: 1 dim: 16 dim: 3 dim: 4 } shape { dim: 1 dim: 3 } shape { dim: 1 dim: 2 dim: 3 dim: 4 } } }
      layer { name: 'p' type: 'Proposal' bottom: 's' bottom: 'm' bottom: 'i' top: 'rois' proposal_param { \(Self.parameters) } }
      layer { name: 'r' type: 'ROIPooling' bottom: 'map' bottom: 'rois' top: 'y'
              roi_pooling_param { pooled_h: 2 pooled_w: 2 spatial_scale: 0.125 } }
      """)
    let engine: (any Engine)? = usesEngine ? FastEngine() : nil
    let net = try Net(
      graph, random: RandomStream(seed: 1), workers: Workers(count: 2), options: Net.Options(engine: engine))
    let bottoms = bottoms(), values = ["s": bottoms[0].values, "m": bottoms[1].values, "i": bottoms[2].values]
    try net.forward(feeding: values)
    let rows = try #require(net.blob("y")).shape[0]
    #expect(rows > 1 && rows < 48)
    try net.forward(feeding: ["i": [3, 3, 2]])
    #expect(net.blob("y")?.shape[0] == 0)
    try net.forward(feeding: values)
    #expect(net.blob("y")?.shape[0] == rows)
  }

  @Test(arguments: [
    ("proposal_param { ratio: 0 }", "ratio must be above 0, not 0.0"),
    ("proposal_param { feat_stride: 0 }", "feat_stride must be 1 or more, not 0"),
    ("proposal_param { nms_thresh: -1 }", "nms_thresh must be 0 or more, not -1.0"),
    ("proposal_param { ratio: 1 }", "there are 3 anchors (ratios times scales), so there must be 6 channels"),
  ])
  func refuses(_ text: String, _ part: String) {
    var found = "nothing"
    do {
      _ = try makeLayer("\(Self.text) \(text)", phase: .test).plan(bottoms().map(\.shape))
    } catch let error as ShapeError {
      found = error.message
    } catch {
      found = "\(error)"
    }
    #expect(found.contains(part), "\(found)")
  }
}
