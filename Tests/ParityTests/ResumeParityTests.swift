import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

/// Runs that go on from a snapshot, or start from weights, against recordings of Caffe.
@Suite struct ResumeParityTests {
  @Test(arguments: [
    ("resume_binaryproto", "snapshot_binaryproto/snap_iter_10.solverstate"),
    ("resume_hdf5", "snapshot_hdf5/snap_iter_10.solverstate.h5"),
  ])
  func resumesAsCaffe(_ run: String, _ state: String) throws {
    let training = try Training("training/\(run)/solver.prototxt", root: "training")
    defer { training.clean() }
    try training.solver.solve(from: FixtureFolder.path("training/\(state)"))
    #expect(training.solver.iteration == 20)
    try compareLosses(training, run)
  }

  @Test(arguments: [
    ("finetune", "snapshot_binaryproto/snap_iter_10.caffemodel"),
    ("finetune_hdf5", "snapshot_hdf5/snap_iter_10.caffemodel.h5"),
  ])
  func finetunesAsCaffe(_ run: String, _ weights: String) throws {
    let training = try Training("training/\(run)/solver.prototxt", root: "training") { message in
      message.remove("weights")
      message.append("weights", FixtureFolder.path("training/\(weights)"))
    }
    defer { training.clean() }
    try training.solver.solve()
    try compareLosses(training, run)
  }

  /// A run that stops at iteration 10 and goes on from its own snapshot ends like the recorded resumed run.
  @Test func ownSnapshotResumes() throws {
    let first = try Training("training/snapshot_binaryproto/solver.prototxt", root: "training")
    defer { first.clean() }
    try first.solver.solve()
    let second = try Training("training/resume_binaryproto/solver.prototxt", root: "training")
    defer { second.clean() }
    try second.solver.solve(from: "\(first.folder)/snap_iter_10.solverstate")
    try compareLosses(second, "resume_binaryproto")
  }

  private func compareLosses(_ training: Training, _ run: String) throws {
    let recording = try Recording(contentsOf: FixtureFolder.path("training/\(run)/params.h5"))
    let expected = try recording.tensor("loss").values
    let found = training.losses + [training.solver.net.loss]
    #expect(found.count == expected.count)
    for (iteration, (loss, other)) in zip(found, expected).enumerated() {
      #expect(abs(loss - other) <= 2e-5 * abs(other), "\(run), iteration \(iteration): \(loss), Caffe has \(other)")
    }
  }
}
