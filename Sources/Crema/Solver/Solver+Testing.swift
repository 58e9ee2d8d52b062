import Prototxt

extension Solver {
  /// Runs every test net over `test_iter` batches and logs the means of its outputs.
  func test() throws(Diagnostic) {
    for index in testNets.indices {
      if stopsEarly { return }
      try test(index)
    }
  }

  private func test(_ index: Int) throws(Diagnostic) {
    log.info("solver.cpp", 347, "Iteration \(iteration), Testing net (#\(index))")
    let testNet = testNets[index]
    try testNet.shareWeights(with: net)
    let batches = definition.ints("test_iter")[index]
    let debug = definition.bool("debug_info") ? DebugInfo(testNet, log) : nil
    var sums: [[Float]] = [], loss: Float = 0
    for _ in 0..<batches {
      while let action = options.requestedAction() {
        if action == .snapshot { try writeSnapshot() }
        if action == .stop {
          stopsEarly = true
          log.info("solver.cpp", 396, "Test interrupted.")
          return
        }
      }
      loss += try testNet.forward { debug?.forward($0) }
      let scores = testNet.graph.outputs.map { testNet.memory.values[$0].data.values }
      sums = sums.isEmpty ? scores : zip(sums, scores).map { zip($0, $1).map(+) }
    }
    if definition.bool("test_compute_loss") {
      log.info("solver.cpp", 401, "Test loss: \(logNumber(loss / Float(batches)))")
    }
    var output = 0
    showOutputs(of: testNet, line: 414, "Test") { _ in
      defer { output += 1 }
      return batches == 0 ? [] : sums[output].map { $0 / Float(batches) }
    }
  }
}
