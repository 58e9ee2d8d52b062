import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// What a net is told about quirks of Caffe's that cost it something, and that they are reproduced.
@Suite struct QuirkTests {
  private func graph(_ layers: String, phase: String = "TRAIN") throws -> Graph {
    let text = """
      layer { name: "in" type: "Input" top: "x" top: "label" input_param { shape { dim: 2 dim: 3 } shape { dim: 2 } } }
      layer { name: "ip" type: "InnerProduct" bottom: "x" top: "h" inner_product_param { num_output: 3 } }
      \(layers)
      """
    let message = try TextParser.parse(SourceText(name: "net.prototxt", text), as: CaffeSchema.net).message
    var state = Message(CaffeSchema.state)
    state.set("phase", phase)
    return try GraphBuilder.build(NetDefinition(message), state: state)
  }

  private let loss = "layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'h' bottom: 'label' top: 'loss'"

  @Test func plainNetsAreQuiet() throws {
    #expect(try graph("\(loss) }").warnings.isEmpty)
    #expect(try graph("layer { name: 'p' type: 'Power' bottom: 'h' top: 'h' }").warnings.isEmpty)
    #expect(
      try graph(
        """
        layer { name: 'm' type: 'ReLU' bottom: 'h' top: 'h' }
        \(loss) loss_weight: 2 }
        layer { name: 's' type: 'Silence' bottom: 'label' }
        """
      ).warnings.isEmpty)
  }

  @Test(arguments: ["Power", "Log", "BNLL", "Clip", "ReLU"]) func wrongGradientsInPlace(_ type: String) throws {
    let fields = ["Clip": "clip_param { min: 0 max: 1 }", "ReLU": "relu_param { negative_slope: -0.3 }"][type] ?? ""
    let graph = try graph("layer { name: 'p' type: '\(type)' bottom: 'h' top: 'h' \(fields) }\n\(loss) }")
    #expect(graph.warnings.count == 1)
    let warning = try #require(graph.warnings.first)
    #expect(warning.message.contains("layer 'p' (\(type)): its gradient is wrong because it works in place"))
    #expect(warning.severity == .warning)
    #expect(warning.location != nil)
  }

  @Test func lossesThatAreReadToo() throws {
    let silent = try graph("\(loss) }\nlayer { name: 's' type: 'Silence' bottom: 'loss' }")
    #expect(silent.warnings.map(\.message).first?.contains("nothing learns from this loss, because layer 's'") == true)
    let twice = try graph("\(loss) loss_weight: 2 }\nlayer { name: 's' type: 'Silence' bottom: 'loss' }")
    #expect(twice.warnings.count == 1)
    #expect(twice.warnings.first?.message.contains("once more than its loss_weight 2 says") == true)
    let test = try graph("\(loss) }\nlayer { name: 's' type: 'Silence' bottom: 'loss' }", phase: "TEST")
    #expect(test.warnings.isEmpty)
  }

  /// The first report counts the loss 1 + 2 times.
  @Test func theLossIsCountedTwice() throws {
    let graph = try graph("\(loss) loss_weight: 2 }\nlayer { name: 's' type: 'Silence' bottom: 'loss' }")
    let net = try Net(graph, random: RandomStream(seed: 1), workers: Workers(count: 1))
    let shown = try net.forward(feeding: ["label": [0, 1]])
    let one = try #require(net.blob("loss")?.data.values.first)
    #expect(Tolerance.forward.accepts(shown, 3 * one))
  }

  @Test func ignoredConstantOfLRN() throws {
    let text = """
      layer { name: 'r' type: 'Reshape' bottom: 'h' top: 'r' reshape_param { shape { dim: 2 dim: 3 dim: 1 dim: 1 } } }
      layer { name: 'l' type: 'LRN' bottom: 'r' top: 'l' lrn_param { norm_region: WITHIN_CHANNEL k: 2 } }
      """
    #expect(try graph(text).warnings.map(\.message).first?.contains("k 2 is ignored") == true)
    #expect(try graph(text.replacingOccurrences(of: "k: 2", with: "")).warnings.isEmpty)
  }

  /// Power squares its factor at the values that it has written.
  @Test(arguments: [
    ("scale: 3", [Float(9), 9]), ("scale: 0 shift: 2", [0, 0]), ("power: 2 scale: 2 shift: 1", []),
    ("power: 3", [9, 9]), ("power: 3 shift: 1", []),
  ])
  func powerInPlace(_ parameters: String, expected: [Float]) throws {
    let layer = try makeLayer("type: 'Power' bottom: 'a' top: 'a' power_param { \(parameters) }")
    let run = try LayerRun(layer, bottoms: [Blob([2])], inPlace: true)
    run.bottoms[0].data.copy([3, 6])
    run.forward()
    run.bottoms[0].gradient.copy([5, 7])
    let y = run.tops[0].data.values
    run.backward()
    var wanted = expected
    if parameters == "power: 2 scale: 2 shift: 1" { wanted = y.map { (8 * $0 + 4) * (8 * $0 + 4) } }
    if parameters == "power: 3 shift: 1" { wanted = y.map { 9 * ($0 / ($0 + 1)) * ($0 / ($0 + 1)) } }
    for (found, wanted) in zip(run.bottoms[0].gradient.values, wanted) {
      #expect(Tolerance.backward.accepts(found, wanted), "\(found), \(wanted)")
    }
  }

  /// With a slope below 0 no value of the top is below 0, and so no gradient is multiplied by the slope.
  @Test func reluInPlace() throws {
    let layer = try makeLayer("type: 'ReLU' bottom: 'a' top: 'a' relu_param { negative_slope: -0.5 }")
    let run = try LayerRun(layer, bottoms: [Blob([1, 3])], inPlace: true)
    run.bottoms[0].data.copy([-2, 4, -6])
    run.forward()
    #expect(run.tops[0].data.values == [1, 4, 3])
    run.bottoms[0].gradient.copy([7, -8, 9])
    run.backward()
    #expect(run.bottoms[0].gradient.values == [7, -8, 9])
  }

  /// MVN's steps as Caffe does them, each over the memory that the next one reads.
  @Test func mvnInPlace() throws {
    let layer = try makeLayer("type: 'MVN' bottom: 'a' top: 'a' mvn_param { eps: 0.1 }")
    let x: [Float] = [1, 4, 2, 8], slopes: [Float] = [1, -2, 0.5, 3]
    let run = try LayerRun(layer, bottoms: [Blob([1, 1, 2, 2])], inPlace: true)
    run.bottoms[0].data.copy(x)
    run.forward()
    let y = run.tops[0].data.values, mean: Float = 3.75
    let divisor = (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4).squareRoot() + 0.1
    for (found, x) in zip(y, x) { #expect(Tolerance.forward.accepts(found, (x - mean) / divisor)) }
    run.bottoms[0].gradient.copy(slopes)
    run.backward()
    let sum = zip(y, slopes).reduce(0) { $0 + $1.0 * $1.1 }
    var steps = y.map { $0 * sum }
    let total = steps.reduce(0, +)
    steps = steps.map { ($0 + total) * (-1.0 / 4) }.map { ($0 + $0) / divisor }
    for (found, wanted) in zip(run.bottoms[0].gradient.values, steps) {
      #expect(abs(found - wanted) < 1e-4, "\(found), \(wanted)")
    }
  }

  /// No score is as large as one that is no number.
  @Test func aScoreThatIsNoNumberCountsAsRight() throws {
    let layer = try makeLayer("type: 'Accuracy' bottom: 'a' bottom: 'b'")
    let scores = Tensor([2, 3], [5, .nan, 7, 1, 2, 3])
    let run = try LayerRun(layer, bottoms: [Blob(scores, gradient: Tensor([2, 3])), Blob([2])])
    run.bottoms[1].data.copy([1, 0])
    run.forward()
    #expect(run.tops[0].data.values == [0.5])
  }
}
