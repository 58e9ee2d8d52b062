import Crema
import Foundation
import TestSupport
import Testing

/// AMTENnet's first twenty updates against recordings of `caffe train`. The net amplifies rounding (the recording holds runs of the
/// same Caffe with other BLAS kernels, which drift apart within a few updates), so agreement is close at first and statistical after.
@Suite struct AMTENnetParityTests {
  /// What computes.
  enum Engines: String, CaseIterable, Sendable {
    case reference, direct, winograd
    var engine: (any Engine)? { self == .reference ? nil : FastEngine(usesWinograd: self == .winograd) }
  }

  /// Gradients may differ by this share of their mean absolute value: max pooling chooses among near-ties.
  static let gradientTolerance = 5e-3

  private func training(_ engine: Engines) throws -> Training {
    try Training("amtennet/solver.prototxt", root: "amtennet", engine: engine.engine)
  }

  private func statistics() throws -> Recording {
    try Recording(contentsOf: FixtureFolder.path("amtennet/statistics.h5"))
  }

  @Test(arguments: Engines.allCases)
  func lossesFollowCaffe(_ engine: Engines) throws {
    let training = try training(engine)
    defer { training.clean() }
    try training.solver.solve()
    let expected = try statistics().tensor("loss").values, found = training.losses
    #expect(found.count == 20)
    for (iteration, tolerance) in zip(0..., [Float(1e-5), 1e-4, 5e-3]) {
      #expect(
        abs(found[iteration] - expected[iteration]) <= tolerance * expected[iteration],
        "iteration \(iteration): \(found[iteration]), Caffe has \(expected[iteration])")
    }
    let late = 3..<20, count = Float(late.count)
    let (mean, theirs) = (found[late].reduce(0, +) / count, expected[late].reduce(0, +) / count)
    #expect(abs(mean - theirs) <= 0.05 * theirs, "mean loss \(mean), Caffe has \(theirs)")
    for iteration in late {
      #expect(
        abs(found[iteration] - expected[iteration]) <= 0.3,
        "iteration \(iteration): \(found[iteration]), Caffe has \(expected[iteration])")
    }
  }

  /// The same draws, to the last bit or one unit in the last place.
  @Test func initialWeightsAreCaffes() throws {
    let training = try training(.reference)
    defer { training.clean() }
    let recording = try Recording(contentsOf: FixtureFolder.path("amtennet/initial_conv.h5")),
      statistics = try statistics()
    var compared = 0
    for node in training.solver.net.graph.nodes {
      for (index, blob) in (training.solver.net.weights(of: node.name) ?? []).enumerated() {
        let path = "\(node.name.replacing("/", with: "."))/\(index)"
        let whole = try recording.hasTensor("initial/\(path)")
        let expected =
          try whole
          ? recording.tensor("initial/\(path)").values : statistics.tensor("weights_initial/\(path)/first").values
        for (own, other) in zip(blob.data.values, expected) {
          #expect(abs(own - other) <= other.ulp, "\(path): \(own), Caffe has \(other)")
        }
        compared += expected.count
      }
    }
    #expect(compared > 40_000)
  }

  @Test(arguments: Engines.allCases)
  func firstUpdateIsCaffes(_ engine: Engines) throws {
    let training = try training(engine)
    defer { training.clean() }
    let statistics = try statistics(), net = training.solver.net
    net.clearGradients()
    try net.forward()
    try net.backward()
    let gradients = Gradients(net, statistics)
    try gradients.compare()
    let other = try self.training(engine)
    defer { other.clean() }
    try other.solver.train(for: 1)
    try gradients.compareUpdate(other.afterFirst)
  }

  private struct Gradients {
    let net: Net, statistics: Recording
    init(_ net: Net, _ statistics: Recording) { (self.net, self.statistics) = (net, statistics) }

    /// Each weight with what Caffe recorded of its gradient.
    func each(_ body: (_ path: String, _ index: Int, _ blob: Blob, _ rate: Float, _ mean: Double) throws -> Void) throws
    {
      var next = 0
      for node in net.graph.nodes {
        for (index, blob) in (net.weights(of: node.name) ?? []).enumerated() {
          defer { next += 1 }
          let path = "\(node.name.replacing("/", with: "."))/\(index)"
          guard try statistics.hasTensor("train_gradient/\(path)/abs_sum") else { continue }
          let total = Double(try statistics.tensor("train_gradient/\(path)/abs_sum").values[0])
          let rate = net.graph.parameters[node.weights[index].parameter].rate
          try body(path, next, blob, rate, total / Double(blob.data.count))
        }
      }
    }

    func compare() throws {
      var compared = 0
      try each { path, _, blob, rate, mean in
        guard rate != 0, mean > 0 else { return }
        let own = blob.gradient.values
        let sum = own.reduce(0.0) { $0 + Double($1) }
        let expected = Double(try statistics.tensor("train_gradient/\(path)/sum").values[0])
        let tolerance = AMTENnetParityTests.gradientTolerance
        #expect(
          abs(sum - expected) <= tolerance * mean * Double(own.count), "\(path): sum \(sum), Caffe has \(expected)")
        let difference = rootMeanSquare(own, try statistics.tensor("train_gradient/\(path)/first").values)
        #expect(
          difference <= tolerance * mean, "\(path): first values differ by \(difference), the mean size is \(mean)")
        compared += 1
      }
      #expect(compared > 15)
    }

    func compareUpdate(_ weights: [[Float]]) throws {
      try each { path, index, blob, rate, mean in
        let expected = try statistics.tensor("weights_after_1/\(path)/first").values
        let difference = rootMeanSquare(weights[index], expected)
        let size = expected.reduce(0) { max($0, abs($1)) }
        let allowed = 0.001 * Double(rate) * AMTENnetParityTests.gradientTolerance * mean + Double(size.ulp)
        guard rate != 0 else { return }
        #expect(
          difference <= allowed, "\(path): weights after the first update differ by \(difference), \(allowed) allowed")
      }
    }

    private func rootMeanSquare(_ own: [Float], _ expected: [Float]) -> Double {
      let squares = zip(own, expected).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
      return (squares / Double(max(expected.count, 1))).squareRoot()
    }
  }

  /// Every blob of the TEST net with the first weights.
  @Test func testNetComputesCaffesBlobs() throws {
    let training = try training(.reference)
    defer { training.clean() }
    let statistics = try statistics(), net = training.solver.testNets[0]
    try net.shareWeights(with: training.solver.net)
    try net.forward()
    var compared = 0
    for (index, value) in net.graph.values.enumerated() {
      let path = "test_forward/\(value.name.replacing("/", with: "."))/first"
      guard try statistics.hasTensor(path) else { continue }
      let tensor = net.memory.values[index].data
      for (position, (own, other)) in zip(tensor.values, try statistics.tensor(path).values).enumerated() {
        #expect(Tolerance.forward.accepts(own, other), "\(value.name)[\(position)]: \(own), Caffe has \(other)")
      }
      compared += 1
    }
    #expect(compared > 25)
  }
}
