import Crema
import Prototxt
import TestSupport
import Testing

/// InnerProduct with few rows and many weights, which has kernels of its own.
@Suite struct FewRowsTests {
  private static let inputs = 2_100, outputs = 501

  private func text(_ rows: Int) -> String {
    """
    layer { name: "in" type: "Input" top: "x" top: "label" input_param { shape { dim: \(rows) dim: \(Self.inputs) }
            shape { dim: \(rows) } } }
    layer { name: "first" type: "InnerProduct" bottom: "x" top: "h" inner_product_param { num_output: \(Self.inputs)
            weight_filler { type: "xavier" } bias_filler { type: "uniform" min: -1 max: 1 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "h" top: "y" inner_product_param { num_output: \(Self.outputs)
            weight_filler { type: "xavier" } bias_filler { type: "uniform" min: -1 max: 1 } } }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss" }
    """
  }

  private func net(_ rows: Int, threads: Int = 2, engine: (any Engine)? = nil) throws -> Net {
    try Net(
      SmallNet.graph(text(rows)), random: RandomStream(seed: 7), workers: Workers(count: threads),
      options: Net.Options(engine: engine))
  }

  private func values(_ rows: Int) -> [String: [Float]] {
    var numbers = Numbers(3)
    let x = (0..<rows * Self.inputs).map { _ in numbers.next() }
    return ["x": x, "label": (0..<rows).map { Float($0 * 40) }]
  }

  private func gradients(_ net: Net) -> [[Float]] { net.memory.weights.joined().map(\.gradient.values) }

  /// Twelve rows are a matrix product; the first rows of them are the same numbers, up to rounding.
  @Test(arguments: 1...8) func computesWhatManyRowsDo(_ rows: Int) throws {
    let few = try net(rows), many = try net(12)
    var padded = values(rows)
    padded["x"]? += Array(repeating: 0, count: (12 - rows) * Self.inputs)
    padded["label"]? += Array(repeating: 0, count: 12 - rows)
    try few.forward(feeding: values(rows))
    try many.forward(feeding: padded)
    let (own, other) = (few.blob("y")?.data.values ?? [], many.blob("y")?.data.values ?? [])
    #expect(own.count == rows * Self.outputs)
    for (a, b) in zip(own, other) { #expect(Tolerance.forward.accepts(a, b)) }
    for net in [few, many] {
      let dy = net.memory.values[net.graph.value("y") ?? 0].gradient
      dy.clear()
      var numbers = Numbers(11)
      dy.write { dy in for i in 0..<rows * Self.outputs { dy[i] = numbers.next() } }
      let index = net.graph.node("ip") ?? 0, node = net.graph.nodes[index]
      for blob in net.memory.weights[index] { blob.gradient.fill(0.5) }
      node.layer.backward(
        Pass(
          bottoms: node.bottoms.map { net.memory.values[$0] }, tops: node.tops.map { net.memory.values[$0] },
          weights: net.memory.weights[index]))
    }
    let node = few.graph.node("ip") ?? 0, bottom = few.graph.value("h") ?? 0
    for (a, b) in zip(few.memory.weights[node], many.memory.weights[node]) {
      for (x, y) in zip(a.gradient.values, b.gradient.values) { #expect(Tolerance.backward.accepts(x, y)) }
    }
    for (x, y) in zip(few.memory.values[bottom].gradient.values, many.memory.values[bottom].gradient.values) {
      #expect(Tolerance.backward.accepts(x, y))
    }
  }

  /// Gradients that need not be cleared are the same as cleared ones, for any number of threads, and the second pass adds.
  @Test(arguments: [1, 3], [false, true]) func startsGradients(_ threads: Int, usesEngine: Bool) throws {
    let engine: (any Engine)? = usesEngine ? FastEngine() : nil
    let net = try net(4, threads: threads, engine: engine), cleared = try self.net(4, engine: engine)
    for blob in net.memory.weights.joined() { blob.gradient.fill(.nan) }
    for _ in 0..<2 {
      net.startGradients()
      cleared.clearGradients()
      for passes in 1...2 {
        for net in [net, cleared] {
          try net.forward(feeding: values(4))
          try net.backward()
        }
        #expect(gradients(net) == gradients(cleared), "after \(passes) passes")
        #expect(gradients(net).allSatisfy { $0.contains { $0 != 0 } })
      }
    }
  }

  /// A net that gets more rows after it has started its gradients, so that its layers add, adds to zeros.
  @Test func startsGradientsAndIsReshaped() throws {
    let net = try net(4), other = try self.net(12)
    try net.forward(feeding: values(4))
    try net.backward()
    net.startGradients()
    try net.reshape(["x": [12, Self.inputs], "label": [12]])
    other.clearGradients()
    for net in [net, other] {
      try net.forward(feeding: values(12))
      try net.backward()
    }
    #expect(gradients(net) == gradients(other))
  }

  /// Of weights that two layers share, no layer may begin the gradient; those of a recurrent layer it begins itself.
  @Test(arguments: [
    """
    layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 4 dim: 1100 } } }
    layer { name: "a" type: "InnerProduct" bottom: "x" top: "h" param { name: "w" } inner_product_param { num_output: 1100
            bias_term: false weight_filler { type: "xavier" } } }
    layer { name: "b" type: "InnerProduct" bottom: "h" top: "y" param { name: "w" } inner_product_param { num_output: 1100
            bias_term: false weight_filler { type: "xavier" } } }
    layer { name: "sum" type: "Reduction" bottom: "y" top: "loss" loss_weight: 1 reduction_param { operation: SUMSQ } }
    """,
    """
    layer { name: "in" type: "Input" top: "x" top: "cont" input_param { shape { dim: 2 dim: 3 dim: 40 } shape { dim: 2 dim: 3 } } }
    layer { name: "lstm" type: "LSTM" bottom: "x" bottom: "cont" top: "y" recurrent_param { num_output: 520
            weight_filler { type: "uniform" min: -0.1 max: 0.1 } } }
    layer { name: "sum" type: "Reduction" bottom: "y" top: "loss" loss_weight: 1 reduction_param { operation: SUMSQ } }
    """,
  ])
  func startsGradientsThatOthersAddTo(_ text: String) throws {
    let make = { try Net(SmallNet.graph(text), random: RandomStream(seed: 7), workers: Workers(count: 2)) }
    let (net, cleared) = (try make(), try make())
    var numbers = Numbers(5)
    let x = (0..<net.graph.values[net.graph.value("x") ?? 0].shape.count).map { _ in numbers.next() }
    for _ in 0..<2 {
      net.startGradients()
      cleared.clearGradients()
      for net in [net, cleared] {
        net.blob("x")?.data.write { for (i, v) in x.enumerated() { $0[i] = v } }
        net.blob("cont")?.data.fill(1)
        for values in net.memory.state.joined() { values.clear() }
        try net.forward()
        try net.backward()
      }
      #expect(gradients(net) == gradients(cleared))
      #expect(gradients(net).allSatisfy { $0.contains { $0 != 0 } })
    }
  }
}
