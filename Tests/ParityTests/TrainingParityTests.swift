import Crema
import Foundation
import TestSupport
import Testing

/// Training runs of the small net against recordings of `caffe train`.
@Suite struct TrainingParityTests {
  /// Losses may differ by this share: rounding of another order of additions, over twenty updates.
  static let lossTolerance: Float = 2e-5
  /// Values may differ by this many times what another BLAS kernel of the same Caffe makes them differ.
  static let kernelFactor: Float = 10
  /// And by this share of the largest value of the blob.
  static let floor: Float = 1e-6

  static let runs = [
    "sgd", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "lr_fixed", "lr_step", "lr_exp", "lr_inv",
    "lr_multistep",
    "lr_poly", "lr_sigmoid", "regularization_l1", "regularization_l2", "clip_gradients", "iter_size_2",
    "average_loss_5",
    "display_3", "test_interval_5", "test_interval_5_no_initialization", "test_compute_loss", "frozen", "augmented",
    "dropout",
    "snapshot_binaryproto", "snapshot_hdf5", "snapshot_diff",
  ]

  /// The rules that divide by the root of a squared gradient blow up the rounding errors of a gradient that is zero in truth: that of
  /// the bias in front of BatchNorm, and with it the running mean. The loss depends on neither.
  static let unstable: Set<String> = ["conv1/1", "bn1/0"]
  static let dividing: Set<String> = ["adagrad", "rmsprop", "adadelta", "adam", "snapshot_hdf5"]

  @Test(arguments: runs)
  func agreesWithCaffe(_ run: String) throws {
    let training = try Training("training/\(run)/solver.prototxt", root: "training")
    defer { training.clean() }
    let recording = try Recording(contentsOf: FixtureFolder.path("training/\(run)/params.h5"))
    try compare(training.solver.net, recording, "initial", run, tolerance: { _ in Self.floor })
    try training.solver.solve()
    try compareLosses(training, recording, run)
    let spread = try Spread(recording)
    try compare(training.afterFirst, training.solver.net, recording, "after_1", run, tolerance: spread.of)
    try compare(training.afterLast, training.solver.net, recording, "final", run, tolerance: spread.of)
    try compareHistory(training, recording, run)
  }

  private func compareLosses(_ training: Training, _ recording: Recording, _ run: String) throws {
    guard try recording.hasTensor("loss") else { return }
    let net = training.solver.net, weight = net.graph.outputs.map { net.graph.lossWeight(of: $0) }.max() ?? 1
    let expected = try recording.tensor("loss").values.map { $0 * weight }
    let displays = training.solver.definition.int("max_iter") % training.solver.definition.int("display") == 0
    let found = training.losses + (displays ? [net.loss] : [])
    for (iteration, (loss, other)) in zip(found, expected).enumerated() {
      #expect(
        abs(loss - other) <= Self.lossTolerance * abs(other),
        "\(run), iteration \(iteration): \(loss), Caffe has \(other)")
    }
    #expect(training.losses.count <= expected.count)
  }

  /// How far a blob moves if Caffe uses another BLAS kernel.
  private struct Spread {
    let recording: Recording
    init(_ recording: Recording) throws { self.recording = recording }

    func of(_ path: String) throws -> Float {
      guard try recording.hasTensor("other_kernel/final/\(path)") else { return 1e-6 }
      let other = try recording.tensor("other_kernel/final/\(path)").values,
        own = try recording.tensor("final/\(path)").values
      return zip(other, own).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
  }

  private func compare(
    _ net: Net, _ recording: Recording, _ group: String, _ run: String, tolerance: (String) throws -> Float
  ) throws {
    try compare(Training.weights(net), net, recording, group, run, tolerance: tolerance)
  }

  private func compare(
    _ weights: [[Float]], _ net: Net, _ recording: Recording, _ group: String, _ run: String,
    tolerance: (String) throws -> Float
  ) throws {
    var next = 0, compared = 0
    for node in net.graph.nodes {
      for index in 0..<(net.weights(of: node.name)?.count ?? 0) {
        defer { next += 1 }
        let path = "\(node.name)/\(index)"
        guard try recording.hasTensor("\(group)/\(path)"), !isUnstable(path, run) || group == "initial" else {
          continue
        }
        let expected = try recording.tensor("\(group)/\(path)").values
        let largest = expected.reduce(0) { max($0, abs($1)) }
        let allowed = Self.kernelFactor * (try tolerance(path)) + Self.floor * largest
        let worst = zip(weights[next], expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(weights[next].count == expected.count, "\(run), \(group)/\(path)")
        #expect(worst <= allowed, "\(run), \(group)/\(path): off by \(worst), \(allowed) allowed")
        compared += 1
      }
    }
    #expect(compared > 0, "\(run): nothing to compare in \(group)")
  }

  private func isUnstable(_ path: String, _ run: String) -> Bool {
    Self.dividing.contains(run) && Self.unstable.contains(path)
  }

  private func compareHistory(_ training: Training, _ recording: Recording, _ run: String) throws {
    let parameters = training.solver.net.graph.parameters
    for (index, blob) in training.solver.history.enumerated() {
      let owner = parameters[index % parameters.count].owner
      let path = "\(training.solver.net.graph.nodes[owner.node].name)/\(owner.weight)"
      guard try recording.hasTensor("history/\(index)"), !isUnstable(path, run) else { continue }
      let expected = try recording.tensor("history/\(index)").values
      let other =
        try recording.hasTensor("other_kernel/history/\(index)")
        ? recording.tensor("other_kernel/history/\(index)").values : expected
      let spread = zip(other, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
      let largest = expected.reduce(0) { max($0, abs($1)) }
      let worst = zip(blob.values, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
      let allowed = Self.kernelFactor * spread + Self.floor * largest
      #expect(worst <= allowed, "\(run), history/\(index): off by \(worst), \(allowed) allowed")
    }
  }
}
