import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// Nets whose blobs change shape from pass to pass: images that are selected, inputs that are given other sizes.
@Suite struct ReshapeTests {
  private static let filtered = """
    force_backward: true
    layer { name: "in" type: "Input" top: "x" top: "label" top: "chosen"
            input_param { shape { dim: 5 dim: 3 } shape { dim: 5 } shape { dim: 5 } } }
    layer { name: "first" type: "InnerProduct" bottom: "x" top: "h" inner_product_param { num_output: 4
            weight_filler { type: "xavier" } } }
    layer { name: "filter" type: "Filter" bottom: "h" bottom: "label" bottom: "chosen" top: "g" top: "wanted"
            propagate_down: true propagate_down: false propagate_down: false }
    layer { name: "relu" type: "ReLU" bottom: "g" top: "g" }
    layer { name: "second" type: "InnerProduct" bottom: "g" top: "y" inner_product_param { num_output: 3
            weight_filler { type: "xavier" } } }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "wanted" top: "loss"
            propagate_down: true propagate_down: false }
    """

  private func text(_ images: Int?) -> String {
    guard let images else { return Self.filtered.replacingOccurrences(of: "force_backward: true", with: "") }
    return Self.filtered.replacingOccurrences(of: "force_backward: true", with: "")
      .replacingOccurrences(of: "dim: 5", with: "dim: \(images)")
  }

  private func net(_ text: String, engine: (any Engine)? = nil) throws -> Net {
    try Net(
      SmallNet.graph(text), random: RandomStream(seed: 1701), workers: Workers(count: 2),
      options: Net.Options(engine: engine))
  }

  private func gradients(_ net: Net) -> [[Float]] {
    ["first", "second"].flatMap { net.weights(of: $0) ?? [] }.map(\.gradient.values)
  }

  /// A net that selects some images is a net of these images, forward and backward, whatever it selected before.
  @Test(arguments: [[0, 2, 3], [4], [0, 1, 2, 3, 4], [1, 2]], [false, true])
  func runsOnTheSelectedImages(_ chosen: [Int], usesEngine: Bool) throws {
    let engine: (any Engine)? = usesEngine ? FastEngine() : nil
    var numbers = Numbers(5)
    let x = Tensor([5, 3])
    numbers.fill(x)
    let label: [Float] = [0, 2, 1, 1, 0]
    let net = try net(text(nil), engine: engine), alone = try self.net(text(chosen.count), engine: engine)
    for selection in [[1, 3], chosen] {
      net.clearGradients()
      let flags = (0..<5).map { Float(selection.contains($0) ? 2 : 0) }
      let loss = try net.forward(feeding: ["x": x.values, "label": label, "chosen": flags])
      try net.backward()
      guard selection == chosen else { continue }
      let expected = try alone.forward(feeding: [
        "x": chosen.flatMap { x.images($0..<$0 + 1).values }, "label": chosen.map { label[$0] },
        "chosen": chosen.map { _ in 1 },
      ])
      try alone.backward()
      #expect(net.blob("y")?.shape == [chosen.count, 3])
      #expect(Tolerance.forward.accepts(loss, expected))
      for (own, other) in zip(gradients(net), gradients(alone)) {
        for (a, b) in zip(own, other) { #expect(Tolerance.backward.accepts(a, b), "\(a) \(b)") }
      }
    }
  }

  /// Whoever observes the pass sees the selected images, already right behind the layer that selects them.
  @Test func shapesAreDecidedBeforeTheyAreObserved() throws {
    let net = try net(text(nil)), filter = try #require(net.graph.node("filter"))
    for chosen: [Float] in [[0, 1, 0, 1, 0], [1, 1, 1, 0, 1]] {
      try #require(net.blob("chosen")).data.copy(chosen)
      var seen: Shape?
      try net.forward { nodes in if nodes.contains(filter) { seen = net.blob("wanted")?.shape } }
      #expect(seen == [chosen.count { $0 != 0 }])
    }
  }

  @Test(arguments: [false, true]) func selectsNothing(usesEngine: Bool) throws {
    let net = try net(text(nil), engine: usesEngine ? FastEngine() : nil)
    for flags: [Float] in [[0, 0, 0, 0, 0], [1, 0, 0, 1, 0], [0, 0, 0, 0, 0]] {
      net.clearGradients()
      let loss = try net.forward(feeding: [
        "x": Array(repeating: 1, count: 15), "label": [0, 1, 2, 0, 1], "chosen": flags,
      ])
      try net.backward()
      let isEmpty = !flags.contains(1)
      #expect(net.blob("y")?.shape == [isEmpty ? 0 : 2, 3])
      #expect((loss == 0) == isEmpty)
      #expect(gradients(net).joined().allSatisfy { $0 == 0 } == isEmpty)
    }
  }

  /// Losses and other layers that have a top although there is no image.
  @Test(arguments: [
    ("type: 'Accuracy' bottom: 'g' bottom: 'wanted'", Float(0)),
    ("type: 'SoftmaxWithLoss' bottom: 'g' bottom: 'wanted'", 0),
    ("type: 'Reduction' bottom: 'g' reduction_param { operation: SUM }", 0),
    ("type: 'SigmoidCrossEntropyLoss' bottom: 'g' bottom: 'g2'", 0),
    ("type: 'EuclideanLoss' bottom: 'g' bottom: 'g2'", .nan),
    ("type: 'HingeLoss' bottom: 'g' bottom: 'wanted'", .nan),
    ("type: 'ContrastiveLoss' bottom: 'g' bottom: 'g2' bottom: 'wanted'", .nan),
    ("type: 'MultinomialLogisticLoss' bottom: 'g' bottom: 'wanted'", .nan),
    ("type: 'Concat' bottom: 'g' bottom: 'x' concat_param { axis: 0 }", 1),
  ])
  func runsWithoutImages(_ layer: String, value: Float) throws {
    let net = try net(
      """
      layer { name: "in" type: "Input" top: "x" top: "label" top: "chosen"
              input_param { shape { dim: 5 dim: 3 } shape { dim: 5 } shape { dim: 5 } } }
      layer { name: "filter" type: "Filter" bottom: "x" bottom: "x" bottom: "label" bottom: "chosen" top: "g" top: "g2" top: "wanted" }
      layer { name: "last" top: "y" \(layer) }
      """)
    try net.forward(feeding: [
      "x": Array(repeating: 1, count: 15), "label": [0, 1, 2, 0, 1], "chosen": [0, 0, 0, 0, 0],
    ])
    let found = try #require(net.blob("y")?.data.values.first)
    #expect(value.isNaN ? found.isNaN : found == value, "\(found)")
  }

  @Test func drawsAreThoseOfTheSelectedImages() throws {
    let text = """
      layer { name: "in" type: "Input" top: "x" top: "chosen" input_param { shape { dim: 4 dim: 6 } shape { dim: 4 } } }
      layer { name: "filter" type: "Filter" bottom: "x" bottom: "chosen" top: "g" }
      layer { name: "drop" type: "Dropout" bottom: "g" top: "y" phase: TRAIN }
      layer { name: "noise" type: "DummyData" top: "n" dummy_data_param { shape { dim: 3 } data_filler { type: "uniform" } } }
      """
    let net = try net(text), random = RandomStream(seed: 1701)
    for count in [2, 4, 1] {
      let flags = (0..<4).map { Float($0 < count ? 1 : 0) }
      try net.forward(feeding: ["chosen": flags])
      for _ in 0..<count * 6 { _ = random.bernoulli(0.5) }
    }
    try net.forward()
    for _ in 0..<6 { _ = random.bernoulli(0.5) }
    let expected = (0..<3).map { _ in random.uniform(0, 1) }
    #expect(net.blob("n")?.data.values == expected)
  }

  @Test(arguments: [false, true]) func takesInputsOfOtherSizes(usesEngine: Bool) throws {
    let text = """
      layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 dim: 9 dim: 8 } } }
      layer { name: "conv" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 3 kernel_size: 3
              weight_filler { type: "xavier" } } }
      layer { name: "pool" type: "Pooling" bottom: "c" top: "p" pooling_param { pool: AVE global_pooling: true } }
      layer { name: "ip" type: "InnerProduct" bottom: "p" top: "y" inner_product_param { num_output: 2
              weight_filler { type: "xavier" } } }
      """
    let engine: (any Engine)? = usesEngine ? FastEngine() : nil
    let net = try net(text, engine: engine)
    var numbers = Numbers(3)
    for axes in [[1, 2, 9, 8], [2, 2, 14, 12], [1, 2, 5, 6], [3, 2, 9, 8]] {
      let x = Tensor(Shape(axes))
      numbers.fill(x)
      try net.reshape(["x": x.shape])
      try net.forward(feeding: ["x": x.values])
      let dims = axes.map { "dim: \($0)" }.joined(separator: " ")
      let other = try self.net(
        text.replacingOccurrences(of: "dim: 1 dim: 2 dim: 9 dim: 8", with: dims), engine: engine)
      try other.forward(feeding: ["x": x.values])
      #expect(net.blob("y")?.data.values == other.blob("y")?.data.values)
      #expect(net.blob("y")?.shape == [axes[0], 2])
    }
    let error = #expect(throws: Diagnostic.self) { try net.reshape(["x": [1, 3, 9, 8]]) }
    #expect(error?.message.contains("layer 'conv' (Convolution): cannot take bottoms of another size") == true)
    #expect(error?.message.contains("blob 0 is 3x2x3x3, and these bottoms would need 3x3x3x3") == true)
    #expect(net.blob("x")?.shape == [3, 2, 9, 8])
    #expect(throws: Diagnostic.self) { try net.reshape(["y": [1, 2]]) }
  }
}
