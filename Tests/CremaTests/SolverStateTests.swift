import Crema
import HDF5
import Prototxt
import TestSupport
import Testing

@Suite struct SolverStateTests {
  private func failure(_ file: String) throws -> String {
    try #require(throws: Diagnostic.self) { try SolverState(contentsOf: FixtureFolder.path(file)) }.message
  }

  @Test func readsAndWritesTheBytesOfCaffe() throws {
    let path = FixtureFolder.path("training/snapshot_binaryproto/snap_iter_10.solverstate")
    let state = try SolverState(contentsOf: path)
    #expect(state.iteration == 10)
    #expect(state.currentStep == 2)
    #expect(state.learnedNet == "snapshot_binaryproto/snap_iter_10.caffemodel")
    #expect(state.history.count == 9)
    let scratch = try ScratchFolder()
    try state.write(to: scratch("s"), format: .binary)
    #expect(try contents(scratch("s")) == contents(path))
  }

  @Test func aNegativeNumberOfTestBatchesIsAnError() throws {
    let error = try #require(throws: DiagnosticList.self) {
      try Training("training/sgd/solver.prototxt", root: "training") { solver in
        solver.remove("test_iter")
        solver.append("test_iter", -1)
      }
    }
    #expect(error.first.message == "test_iter must not be negative, and is -1")
  }

  @Test func readsAndWritesTheHDF5OfCaffe() throws {
    let path = FixtureFolder.path("training/snapshot_hdf5/snap_iter_10.solverstate.h5")
    let state = try SolverState(contentsOf: path)
    #expect(state.iteration == 10)
    #expect(state.learnedNet == "snapshot_hdf5/snap_iter_10.caffemodel.h5")
    #expect(state.history.count == 18)
    #expect(state.history[0].shape == [8, 3, 5, 5])
    #expect(state.history[16].shape == [3, 512])
    let scratch = try ScratchFolder()
    try state.write(to: scratch("s"), format: .hdf5)
    let (ours, theirs) = (try contents(scratch("s")), try contents(path))
    try #require(ours.count == theirs.count)
    #expect(ours.indices.count { ours[$0] != theirs[$0] } <= 4 * 21, "the times of 21 datasets")
    let back = try SolverState(contentsOf: scratch("s"))
    #expect(back.history.map(\.values) == state.history.map(\.values))
  }

  @Test func cutOff() throws {
    let message = try failure("bad/state_truncated/snap_iter_2.solverstate")
    #expect(message.contains("byte 26: field 3 should have 80 bytes, but only 37 are left"))
  }

  @Test(arguments: [
    ("files/models/current.caffemodel", "is a caffemodel, which holds weights"),
    ("files/models/current.caffemodel.h5", "is a caffemodel.h5, which holds weights"),
    ("files/models/net.prototxt", "is a text"), ("bad/weights_empty_file/weights.caffemodel", "is empty"),
    ("files/models/expected.h5", "has no group 'history'"),
  ])
  func somethingElse(_ file: String, _ words: String) throws { #expect(try failure(file).contains(words)) }

  @Test func aHistoryCanBeMissing() throws {
    let path = FixtureFolder.path("bad/state_history_missing/snap_iter_2.solverstate")
    #expect(try SolverState(contentsOf: path).history.count == 1)
  }

  @Test func cutAnywhere() throws {
    let bytes = try contents(FixtureFolder.path("training/snapshot_binaryproto/snap_iter_10.solverstate"))
    let scratch = try ScratchFolder()
    for count in stride(from: 0, to: bytes.count, by: 61) {
      try write(bytes[..<count], to: scratch("s"))
      let state = try? SolverState(contentsOf: scratch("s"))
      #expect(state == nil || (state?.history.count ?? 0) < 9)
    }
  }
}
