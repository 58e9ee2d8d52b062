import Prototxt

extension Solver {
  /// Does `count` updates, with the tests, lines and snapshots that fall among them.
  ///
  /// - Throws: what is wrong with a batch, a file that cannot be written.
  public func train(for count: Int) throws(Diagnostic) {
    if !hasBegun { for replica in replicas.dropFirst() { replica.copyStatistics(of: net) } }
    hasBegun = true
    start = iteration
    window = LossWindow(length: definition.int("average_loss"))
    var pace = Pace()
    let (interval, display) = (definition.int("test_interval"), definition.int("display"))
    let passes = definition.int("iter_size"), every = definition.int("snapshot")
    while iteration < start + count {
      for replica in replicas { replica.startGradients() }
      if interval != 0, iteration % interval == 0, iteration > 0 || definition.bool("test_initialization") {
        try test()
        if stopsEarly { return }
      }
      let shows = display != 0 && iteration % display == 0
      debugs = shows && definition.bool("debug_info")
      var loss: Float = 0
      for _ in 0..<passes { loss += try pass() }
      averageGradients()
      window.add(loss / Float(passes), at: iteration - start)
      if shows { showProgress(&pace, display: display) }
      let rate = update(shows: shows)
      iteration += 1
      options.report(
        Progress(
          iteration: iteration, mostIterations: definition.int("max_iter"), lastLoss: loss / Float(passes),
          loss: window.mean, rate: rate))
      let action = options.requestedAction()
      if (every != 0 && iteration % every == 0) || action == .snapshot { try writeSnapshot() }
      if action == .stop {
        stopsEarly = true
        return
      }
    }
  }

  /// Forward and backward of every replica.
  ///
  /// - Returns: the loss of the first one, which is the one that is shown.
  private func pass() throws(Diagnostic) -> Float {
    var shown: Float = 0
    for (rank, replica) in replicas.enumerated() {
      let debug = debugs && rank == 0 ? DebugInfo(replica, log) : nil
      let loss = try replica.forward { debug?.forward($0) }
      try replica.backward { debug?.backward($0) }
      debug?.finish()
      if rank == 0 { shown = loss }
    }
    return shown
  }

  /// The gradients of the first replica become the mean of all replicas'.
  private func averageGradients() {
    guard replicas.count > 1 else { return }
    let parameters = net.graph.parameters, factor = 1 / Float(replicas.count)
    let blobs = replicas.map { replica in parameters.map { replica.memory.blob(of: $0).gradient } }
    workers.run(parameters.count) { _, i in
      for other in blobs.dropFirst() { blobs[0][i].add(other[i]) }
      blobs[0][i].scale(0..<blobs[0][i].count, by: factor)
    }
  }

  private func showProgress(_ pace: inout Pace, display: Int) {
    let (rate, seconds) = pace.lap(at: iteration)
    log.info(
      "solver.cpp", 239,
      "Iteration \(iteration) (\(logNumber(rate)) iter/s, \(logNumber(seconds))s/\(display) iters), loss = \(logNumber(window.mean))"
    )
    showOutputs(of: net, line: 258, "Train") { $0.values }
  }

  /// One line for each number of a net's outputs.
  ///
  /// - Parameter values: the numbers to show for the data of an output.
  func showOutputs(of net: Net, line: Int, _ kind: String, values: (Tensor) -> [Float]) {
    var index = 0
    for output in net.graph.outputs {
      let blob = net.memory.values[output], name = net.graph.values[output].name
      let weight = net.graph.lossWeight(of: output)
      for value in values(blob.data) {
        let share = weight != 0 ? " (* \(logNumber(weight)) = \(logNumber(weight * value)) loss)" : ""
        log.info("solver.cpp", line, "    \(kind) net output #\(index): \(name) = \(logNumber(value))\(share)")
        index += 1
      }
    }
  }

  private func update(shows: Bool) -> Float {
    let (rate, stepped) = learningRate.rate(at: iteration, step: &step)
    if stepped { log.info("sgd_solver.cpp", 50, "MultiStep Status: Iteration \(iteration), step = \(step)") }
    if shows { log.info("sgd_solver.cpp", 112, "Iteration \(iteration), lr = \(logNumber(rate))") }
    if let clip = updater.clipGradients(on: workers) {
      log.info(
        "sgd_solver.cpp", 99,
        "Gradient clipping: scaling down gradients (L2 norm \(logNumber(clip.norm)) > "
          + "\(logNumber(definition.float("clip_gradients")))) by scale factor \(logNumber(clip.factor))")
    }
    updater.update(rate: rate, iteration: iteration, on: workers)
    return rate
  }
}

/// Time between displayed iterations.
private struct Pace {
  private var last: ContinuousClock.Instant = .now
  private var lastIteration: Int?

  /// Iterations a second since the last call, 0 at the first one, and the seconds, in whole milliseconds.
  mutating func lap(at iteration: Int) -> (rate: Float, seconds: Float) {
    let now = ContinuousClock.Instant.now
    let seconds = Float(Int((now - last) / .milliseconds(1))) / 1000
    let rate = lastIteration.map { Float(iteration - $0) / (seconds == 0 ? 1 : seconds) } ?? 0
    (last, lastIteration) = (now, iteration)
    return (rate, seconds)
  }
}
