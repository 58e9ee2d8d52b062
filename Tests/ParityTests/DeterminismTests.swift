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

  /// The engine trains as the layers' own code does, its test nets see every update, and threads change no bit.
  @Test(arguments: ["dropout", "test_interval_5"])
  func engineTrainsAsTheReference(_ run: String) throws {
    var losses: [[Float]] = [], scores: [[Float]] = []
    for (engine, threads) in [(nil, 2), (FastEngine(), 1), (FastEngine(), 2), (FastEngine(), 5)]
      as [((any Engine)?, Int)]
    {
      let training = try Training("training/\(run)/solver.prototxt", root: "training", threads: threads, engine: engine)
      defer { training.clean() }
      try training.solver.solve()
      losses.append(training.losses)
      scores.append(
        training.messages.filter { $0.hasPrefix("    Test net output") }.compactMap { line in
          line.split(separator: " = ").dropFirst().first.flatMap { Float($0.prefix { $0 != " " }) }
        })
    }
    #expect(losses[1] == losses[2] && losses[1] == losses[3])
    #expect(scores[1] == scores[2] && scores[1] == scores[3])
    #expect(!losses[0].isEmpty && losses[0].count == losses[1].count && scores[0].count == scores[1].count)
    #expect(run != "test_interval_5" || scores[0].count > 3)
    for (a, b) in zip(losses[0] + scores[0], losses[1] + scores[1]) {
      #expect(abs(a - b) <= 2e-3 * max(abs(a), 1), "\(a) by the layers' own code, \(b) by the engine")
    }
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
