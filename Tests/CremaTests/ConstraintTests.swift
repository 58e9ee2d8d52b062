import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// The constrained convolution.
@Suite struct ConstraintTests {
  private static let net = """
    layer {
      name: "data" type: "DummyData" top: "data" top: "label"
      dummy_data_param {
        shape { dim: 4 dim: 2 dim: 8 dim: 8 } shape { dim: 4 }
        data_filler { type: "gaussian" std: 1 } data_filler { type: "constant" value: 1 }
      }
    }
    layer {
      name: "filters" type: "Convolution" bottom: "data" top: "filters"
      param { constraint: PREDICTION_ERROR } param { lr_mult: 0 }
      convolution_param { num_output: 3 kernel_size: 5 weight_filler { type: "xavier" } }
    }
    layer {
      name: "scores" type: "InnerProduct" bottom: "filters" top: "scores"
      inner_product_param { num_output: 3 weight_filler { type: "xavier" } }
    }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "scores" bottom: "label" top: "loss" }
    """

  /// A solver of the net in a folder of its own.
  private func solver(
    _ folder: ScratchFolder, _ settings: String = "type: 'SGD' momentum: 0.9", replicas: Int = 1
  ) throws -> Solver {
    try Self.net.write(toFile: folder("net.prototxt"), atomically: true, encoding: .utf8)
    try "net: '\(folder("net.prototxt"))' base_lr: 0.01 lr_policy: 'fixed' max_iter: 6 random_seed: 3 \(settings)"
      .write(
        toFile: folder("solver.prototxt"), atomically: true, encoding: .utf8)
    var options = Solver.Options()
    options.replicas = replicas
    return try Solver(
      try SolverDefinition(contentsOf: folder("solver.prototxt")), workers: Workers(count: 2), options: options)
  }

  private func filters(_ solver: Solver) throws -> [Float] {
    try #require(solver.net.weights(of: "filters"))[0].data.values
  }

  private func obeys(_ weights: [Float]) -> Bool {
    stride(from: 0, to: weights.count, by: 25).allSatisfy { start in
      let plane = weights[start..<start + 25]
      let scale = plane.reduce(0) { $0 + abs($1) }
      return plane[start + 12] == -1 && abs(plane.reduce(0, +)) < 1e-6 * max(1, scale)
    }
  }

  @Test(arguments: ["SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam"])
  func holdsBeforeAndAfterEveryUpdate(type: String) throws {
    let folder = try ScratchFolder()
    let momentum = ["SGD", "Nesterov", "AdaDelta", "Adam"].contains(type) ? "momentum: 0.9" : ""
    let solver = try solver(
      folder, "type: '\(type)' delta: 1e-6 \(momentum) \(type == "RMSProp" ? "rms_decay: 0.9" : "")")
    var last = try filters(solver)
    #expect(last.count == 150 && obeys(last))
    for _ in 0..<6 {
      try solver.train(for: 1)
      let next = try filters(solver)
      #expect(obeys(next))
      #expect(next != last)
      last = next
    }
  }

  /// Replicas see the projected weights, and agree on them.
  @Test func holdsWithReplicas() throws {
    let folder = try ScratchFolder()
    let solver = try solver(folder, replicas: 2)
    try solver.train(for: 3)
    #expect(try obeys(filters(solver)))
    let other = try #require(solver.replicas[1].weights(of: "filters"))[0].data.values
    #expect(try other == filters(solver))
  }

  @Test(arguments: ["BINARYPROTO", "HDF5"]) func resumesWithTheSameBits(format: String) throws {
    let settings = "type: 'SGD' momentum: 0.9 snapshot_format: \(format)", suffix = format == "HDF5" ? ".h5" : ""
    let folder = try ScratchFolder(), whole = try solver(folder, "\(settings) snapshot_prefix: '\(folder("a"))'")
    try whole.train(for: 3)
    try whole.writeSnapshot()
    let saved = try filters(whole)
    let resumed = try solver(folder, "\(settings) snapshot_prefix: '\(folder("b"))'")
    try resumed.restore(from: folder("a_iter_3.solverstate\(suffix)"))
    #expect(try filters(resumed) == saved)
    try resumed.train(for: 3)
    #expect(try obeys(filters(resumed)))
  }

  @Test func frozenFiltersAreProjectedOnce() throws {
    let weights = Tensor([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9])
    Constraint.predictionError.project(weights)
    #expect(weights.values[4] == -1 && abs(weights.values.reduce(0, +)) < 1e-6)
    #expect(weights.values[0] == Float(0.025))
    let balanced = Tensor([1, 1, 3, 3], [1, -1, 1, -1, 7, 1, -1, 1, -1])
    Constraint.predictionError.project(balanced)
    #expect(balanced.values == [0.125, 0.125, 0.125, 0.125, -1, 0.125, 0.125, 0.125, 0.125])
  }

  private static let head =
    "layer { name: 'data' type: 'Input' top: 'data' input_param { shape { dim: 1 dim: 2 dim: 8 dim: 8 } } }\n"

  @Test(arguments: [
    ("Convolution", "convolution_param { num_output: 3 kernel_size: 4 }", "odd kernels larger than 1x1"),
    ("Convolution", "convolution_param { num_output: 3 kernel_size: 1 }", "this parameter is 3x2x1x1"),
    ("InnerProduct", "inner_product_param { num_output: 3 }", "this parameter is 3x128"),
    ("BatchNorm", "", "its statistics do not learn, and can obey no constraint"),
  ])
  func refusesOtherParameters(type: String, parameters: String, message: String) throws {
    let text =
      Self.head
      + "layer { name: 'a' type: '\(type)' bottom: 'data' top: 'a'\nparam { lr_mult: 0 constraint: PREDICTION_ERROR } \(parameters) }"
    let error = try #require(throws: Diagnostic.self) { try SmallNet.graph(text) }
    #expect(error.message.contains(message), "\(error)")
    #expect(error.location?.line == 3)
    #expect(error.location?.column == 32)
  }

  @Test func sharersMustAgree() throws {
    let layer = { (name: String, constraint: String) in
      "layer { name: '\(name)' type: 'Convolution' bottom: 'data' top: '\(name)' param { name: 'w' \(constraint) } "
        + "convolution_param { num_output: 3 kernel_size: 5 bias_term: false } }\n"
    }
    let error = try #require(throws: Diagnostic.self) {
      try SmallNet.graph(Self.head + layer("a", "") + layer("b", "constraint: PREDICTION_ERROR"))
    }
    #expect(error.message.contains("mismatched constraint: NONE in layer 'a', PREDICTION_ERROR here"))
    let graph = try SmallNet.graph(Self.head + layer("a", "constraint: PREDICTION_ERROR") + layer("b", ""))
    #expect(graph.parameters.map(\.constraint) == [.predictionError])
  }

  @Test func unknownConstraintsAreAnErrorOfTheText() throws {
    let list = try #require(throws: DiagnosticList.self) {
      try SmallNet.graph("layer { param { constraint: PREDICTION } }")
    }
    #expect(list.first.message.contains("'PREDICTION' is no value of 'constraint'"))
  }
}
