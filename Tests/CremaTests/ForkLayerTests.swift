import Crema
import Foundation
import TestSupport
import Testing

/// Layers of Caffe's forks against plain loops and numbers worked by hand.
@Suite struct ForkLayerTests {
  @Test func reLU6() throws {
    let x = Tensor([5], [-2, 0, 0.5, 6, 70])
    #expect(try forward("type: 'ReLU6'", [x]).tops[0].data.values == [0, 0, 0.5, 6, 6])
    for field in ["relu_param", "relu6_param"] {
      let top = try forward("type: 'ReLU6' \(field) { negative_slope: 0.5 }", [x]).tops[0]
      #expect(top.data.values == [-1, 0, 0.5, 6, 6])
    }
  }

  static let orders: [(order: [Int], shape: Shape)] = [
    ([0, 2, 3, 1], [2, 37, 19, 21]), ([0, 3, 1, 2], [1, 8, 16, 24]), ([3, 2, 1, 0], [3, 5, 17, 9]),
    ([1, 0, 2, 3], [3, 4, 5, 6]), ([0, 1, 3, 2], [2, 3, 33, 20]), ([2, 0, 1, 3], [1, 1, 40, 17]),
    ([0, 1, 2, 3], [2, 2, 2, 2]), ([3, 0, 1, 2], [16, 1, 1, 9]), ([0, 2, 3, 1], [2, 0, 3, 3]),
  ]

  @Test(arguments: orders.indices)
  func permute(_ index: Int) throws {
    let (order, shape) = ForkLayerTests.orders[index]
    let x = random(shape), at = reader(x)
    let given = order.map { "order: \($0)" }.joined(separator: " ")
    let run = try forward("type: 'Permute' permute_param { \(given) }", [x])
    let expected = table(Shape(order.map { shape[$0] })) { a, b, c, d in
      var place = [0, 0, 0, 0]
      for (axis, value) in zip(order, [a, b, c, d]) { place[axis] = value }
      return at(place[0], place[1], place[2], place[3])
    }
    #expect(run.tops[0].shape == expected.shape)
    #expect(run.tops[0].data.values == expected.values)
    run.tops[0].gradient.copy(run.tops[0].data)
    run.backward()
    #expect(run.bottoms[0].gradient.values == x.values)
  }

  @Test func permuteTakesTheOtherAxesInTheirOrder() throws {
    let top = try forward("type: 'Permute' permute_param { order: 2 }", [random([2, 3, 4])]).tops[0]
    #expect(top.shape == [4, 2, 3])
  }

  @Test(arguments: [true, false], [true, false])
  func normalize(acrossSpace: Bool, shared: Bool) throws {
    let x = random([2, 3, 4, 5]), at = reader(x), scales: [Float] = shared ? [2.5] : [20, -1, 0.5]
    let run = try forward(
      "type: 'Normalize' norm_param { across_spatial: \(acrossSpace) channel_shared: \(shared) eps: 0.01 }", [x],
      weights: [scales])
    #expect(run.weights[0].shape == (shared ? [] : [3]))
    let expected = table(x.shape) { n, c, h, w in
      var sum = 0.01
      for k in 0..<3 {
        for i in acrossSpace ? 0..<4 : h..<h + 1 {
          for j in acrossSpace ? 0..<5 : w..<w + 1 { sum += pow(Double(at(n, k, i, j)), 2) }
        }
      }
      return Float(Double(scales[shared ? 0 : c]) * Double(at(n, c, h, w)) / sqrt(sum))
    }
    #expect(difference(run.tops[0].data, expected, .forward, what: "top") == nil)
  }

  @Test func l2Normalization() throws {
    let run = try forward("type: 'L2Normalization'", [Tensor([2, 2], [3, -4, 0, 2])])
    #expect(run.tops[0].data.values == [0.6, -0.8, 0, 1])
  }

  /// Parameters, the bottom, the size of the top, and what is cut off at the begin and the end.
  static let sizes: [(text: String, shape: Shape, top: [Int], begin: Int, end: Int)] = [
    ("zoom_factor: 3", [2, 3, 4, 5], [10, 13], 0, 0), ("shrink_factor: 2", [1, 2, 8, 5], [4, 3], 0, 0),
    ("height: 7 width: 3", [1, 2, 4, 9], [7, 3], 0, 0), ("height: 1 width: 1", [1, 1, 4, 9], [1, 1], 0, 0),
    ("shrink_factor: 3 zoom_factor: 2", [1, 1, 10, 11], [7, 7], 0, 0),
    ("shrink_factor: 2 zoom_factor: 2 height: 5 width: 6", [1, 1, 10, 11], [5, 6], 0, 0),
    ("zoom_factor: 2 height: 90 width: 90", [1, 1, 3, 3], [5, 5], 0, 0),
    ("zoom_factor: 8 pad_beg: -1 pad_end: -2", [1, 2, 6, 7], [17, 25], 1, 2),
    ("height: 4 width: 3 pad_end: -1", [1, 2, 5, 4], [4, 3], 0, 1),
    ("height: 1 width: 9", [1, 3, 1, 1], [1, 9], 0, 0),
  ]

  @Test(arguments: sizes.indices)
  func interp(_ index: Int) throws {
    let (size, shape, expectedSize, begin, end) = ForkLayerTests.sizes[index]
    let x = random(shape), at = reader(x)
    let (height, width) = (shape[2] - begin - end, shape[3] - begin - end)
    let run = try forward("type: 'Interp' interp_param { \(size) }", [x])
    let expected = table([shape[0], shape[1], expectedSize[0], expectedSize[1]]) { n, c, h, w in
      let y = expectedSize[0] > 1 ? Double(h) * Double(height - 1) / Double(expectedSize[0] - 1) : 0
      let x = expectedSize[1] > 1 ? Double(w) * Double(width - 1) / Double(expectedSize[1] - 1) : 0
      var sum = 0.0
      for i in 0..<height {
        for j in 0..<width {
          let weight = max(0, 1 - abs(y - Double(i))) * max(0, 1 - abs(x - Double(j)))
          sum += weight * Double(at(n, c, begin + i, begin + j))
        }
      }
      return Float(sum)
    }
    #expect(difference(run.tops[0].data, expected, .forward, what: "top") == nil)
  }

  @Test func upsampleTakesAPoolingBack() throws {
    let x = random([2, 3, 7, 5])
    let pooled = try forward("type: 'Pooling' top: 'y' top: 'm' pooling_param { kernel_size: 2 stride: 2 }", [x])
    let mask = pooled.tops[1].data
    for size in ["upsample_h: 7 upsample_w: 5", "scale: 2 pad_out_h: true pad_out_w: true"] {
      let text = "type: 'Upsample' bottom: 'a' bottom: 'b' upsample_param { \(size) }"
      let top = try forward(text, [pooled.tops[0].data, mask]).tops[0].data
      #expect(top.shape == x.shape)
      let chosen = Set((0..<6).flatMap { plane in (0..<12).map { plane * 35 + Int(mask.values[plane * 12 + $0]) } })
      #expect(chosen.count == 72)
      #expect(top.values == x.values.enumerated().map { chosen.contains($0) ? $1 : 0 })
    }
  }

  @Test func upsampleRefusesTheMaskOfAnotherSize() throws {
    let text = "type: 'Upsample' bottom: 'a' bottom: 'b' upsample_param { scale: 2 }"
    for place in [Float(4), -1, .nan] {
      let run = try forward(text, [Tensor([1, 1, 1, 1]), Tensor([1, 1, 1, 1], [place])])
      #expect(
        run.takeFailure()?.contains("the mask has \(place) at 0, and the planes of the top have the places 0..<4")
          == true)
    }
  }

  @Test func upsampleWithoutAMask() throws {
    let x = random([2, 2, 3, 2]), at = reader(x)
    let top = try forward("type: 'Upsample' upsample_param { scale: 3 }", [x]).tops[0].data
    #expect(top.values == table([2, 2, 9, 6]) { n, c, h, w in at(n, c, h / 3, w / 3) }.values)
    #expect(try forward("type: 'Upsample'", [x]).tops[0].data.values == x.values)
  }

  @Test func shuffleChannel() throws {
    let x = random([2, 6, 2, 3]), at = reader(x)
    let top = try forward("type: 'ShuffleChannel' shuffle_channel_param { group: 3 }", [x]).tops[0].data
    let from = [0, 2, 4, 1, 3, 5]
    #expect(top.values == table(x.shape) { n, c, h, w in at(n, from[c], h, w) }.values)
  }

  @Test func axpy() throws {
    let a = random([2, 3], 4), x = random([2, 3, 4, 1], 5), b = random([2, 3, 4, 1], 6)
    let top = try forward("type: 'Axpy' bottom: 'a' bottom: 'b' bottom: 'c'", [a, x, b]).tops[0].data
    let (atX, atB) = (reader(x), reader(b))
    let expected = table(x.shape) { n, c, h, w in a.values[n * 3 + c] * atX(n, c, h, w) + atB(n, c, h, w) }
    #expect(difference(top, expected, .forward, what: "top") == nil)
  }

  @Test func cropCenter() throws {
    let x = random([3, 2, 5, 6]), at = reader(x)
    let sizes = "crop_size: 1 crop_size: 0 crop_size: 2 crop_size: 1"
    let top = try forward("type: 'CropCenter' crop_center_param { \(sizes) }", [x]).tops[0].data
    #expect(top.values == table([1, 2, 1, 4]) { n, c, h, w in at(n + 1, c, h + 2, w + 1) }.values)
  }

  @Test func reorg() throws {
    let numbers = Tensor([1, 4, 2, 2], (0..<16).map { Float($0) })
    let small = try forward("type: 'Reorg' reorg_param { stride: 2 }", [numbers]).tops[0].data
    #expect(small.shape == [1, 16, 1, 1])
    // The 16 values as one plane of 4 x 4, cut into 2 x 2 pieces.
    #expect(small.values == [0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14, 5, 7, 13, 15])
    let joined = try forward("type: 'Reorg' reorg_param { stride: 2 reverse: true }", [numbers]).tops[0].data
    #expect(joined.values == [0, 4, 1, 5, 8, 12, 9, 13, 2, 6, 3, 7, 10, 14, 11, 15])
    let x = random([2, 8, 4, 6]), at = reader(x)
    let large = try forward("type: 'Reorg' reorg_param { stride: 2 reverse: true }", [x]).tops[0].data
    #expect(
      large.values
        == table([2, 2, 8, 12]) { n, c, h, w in at(n, (h % 2 * 2 + w % 2) * 2 + c, h / 2, w / 2) }.values)
  }

  @Test func smoothL1Loss() throws {
    let a = Tensor([2, 2], [0.5, 3, -1, 0]), b = Tensor([2, 2], [0, 1, 1, 0])
    let loss = { (text: String, bottoms: [Tensor]) in try forward(text, bottoms).tops[0].data.values[0] }
    let two = "type: 'SmoothL1Loss' bottom: 'a' bottom: 'b'"
    #expect(try loss(two, [a, b]) == (0.125 + 1.5 + 1.5) / 2)
    #expect(try loss(two + " smooth_l1_loss_param { sigma: 2 }", [a, b]) == (0.375 + 1.875 + 1.875) / 2)
    #expect(try loss(two + " loss_param { normalization: NONE }", [a, b]) == 3.125)
    let inside = Tensor([2, 2], [2, 0, 0.25, 1]), outside = Tensor([2, 2], [1, 1, 4, 1])
    #expect(try loss(two + " bottom: 'c'", [a, b, inside]) == (0.5 + 0.125) / 2)
    #expect(try loss(two + " bottom: 'c' bottom: 'd'", [a, b, inside, outside]) == (0.5 + 0.5) / 2)
  }

  @Test func aLossDividedByAGivenNumber() throws {
    let a = Tensor([2, 2], [0.5, 3, -1, 0]), b = Tensor([2, 2], [0, 1, 1, 0])
    for (number, divisor) in [(Float(128), Float(128)), (0.5, 1)] {
      let fields = "loss_param { normalization: PRE_FIXED pre_fixed_normalizer: \(number) }"
      let smooth = try forward("type: 'SmoothL1Loss' bottom: 'a' bottom: 'b' \(fields)", [a, b]).tops[0].data.values
      #expect(smooth == [3.125 / divisor])
      let labels = Tensor([2], [0, 1]), softmax = "type: 'SoftmaxWithLoss' bottom: 'a' bottom: 'b' "
      let plain = try forward(softmax + "loss_param { normalization: NONE }", [a, labels]).tops[0].data.values
      #expect(try forward(softmax + fields, [a, labels]).tops[0].data.values == plain.map { $0 / divisor })
    }
  }

  @Test(arguments: [(Phase.train, true), (.train, false), (.test, true), (.test, false)], [true, false])
  func dropoutOfForks(_ phase: (Phase, scalesInTraining: Bool), samples: Bool) throws {
    let (phase, scalesInTraining) = phase
    let fields = "dropout_ratio: 0.75 scale_train: \(scalesInTraining) sample_weights_test: \(samples)"
    let x = Tensor([1, 400], Array(repeating: 3, count: 400))
    let run = try LayerRun(
      makeLayer("type: 'Dropout' dropout_param { \(fields) }", phase: phase),
      bottoms: [Blob(x, gradient: Tensor(x.shape))])
    run.draw(RandomStream(seed: 7))
    run.forward()
    run.tops[0].gradient.fill(1)
    run.backward()
    let top = run.tops[0].data.values, gradient = run.bottoms[0].gradient.values
    let isSampled = phase == .train || samples
    let factor: Float = isSampled ? (scalesInTraining ? 4 : 1) : (scalesInTraining ? 1 : 0.25)
    #expect(Set(top) == (isSampled ? [0, 3 * factor] : [3 * factor]))
    #expect(gradient == top.map { $0 / 3 })
    if isSampled { #expect((70...130).contains(top.count { $0 != 0 })) }
  }
}
