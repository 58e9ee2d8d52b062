import Crema
import Prototxt
import TestSupport
import Testing

/// The same seed gives the same bits, whatever the number of threads.
@Suite struct DeterminismTests {
  @Test(arguments: ["augmented", "dropout"])
  func smallNetHasTheSameBytesForAnyThreads(_ run: String) throws {
    var files: [[UInt8]] = []
    for threads in [1, 2, 5] {
      let training = try Training("training/\(run)/solver.prototxt", root: "training", threads: threads)
      defer { training.clean() }
      try training.solver.solve()
      files.append(
        try training.bytes("snap_iter_20.caffemodel") + training.bytes("snap_iter_20.solverstate").suffix(1000))
    }
    #expect(files[0] == files[1], "1 and 2 threads")
    #expect(files[0] == files[2], "1 and 5 threads")
  }

  @Test(arguments: AMTENnetParityTests.Engines.allCases)
  func amtennetHasTheSameBytesForAnyThreads(_ engine: AMTENnetParityTests.Engines) throws {
    var files: [[UInt8]] = []
    for threads in [1, 2, 5] {
      let training = try Training("amtennet/solver.prototxt", root: "amtennet", threads: threads, engine: engine.engine)
      {
        $0.set("max_iter", 3)
      }
      defer { training.clean() }
      try training.solver.train(for: 3)
      try training.solver.writeSnapshot()
      files.append(try training.bytes("snap_iter_3.caffemodel"))
    }
    #expect(files[0] == files[1], "1 and 2 threads")
    #expect(files[0] == files[2], "1 and 5 threads")
  }
}
