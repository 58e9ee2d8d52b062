import ArgumentParser
import Crema
import Prototxt

/// Measures the layers of a net.
struct TimeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "time", abstract: "Measure the forward and backward pass of every layer.")

  @Option(help: "The net (prototxt).")
  var model: String?

  @Option(help: "TRAIN or TEST.")
  var phase: Phase = .train

  @Option(help: "The number of passes.")
  var iterations = 50

  @OptionGroup var options: ModelOptions
  @OptionGroup var devices: DeviceOptions
  @OptionGroup var compute: ComputeOptions

  mutating func validate() throws {
    if iterations < 1 { throw ValidationError("--iterations must be at least 1, not \(iterations)") }
  }

  func run() throws {
    guard let model else { throw Diagnostic("Need a model definition to time. Give it with --model FILE") }
    let console = Console.standard, log = console.log
    let workers = try compute.start()
    devices.note()
    log.info("caffe.cpp", 343, "Use CPU.")
    var netOptions = compute.netOptions
    netOptions.separatesLayers = true
    let net = try NetLoader(options, workers: workers).net(model, phase: phase, netOptions)
    console.showEverything()
    log.info("caffe.cpp", 351, "Performing Forward")
    let loss = try net.forward()
    log.info("caffe.cpp", 356, "Initial loss: \(logNumber(loss))")
    log.info("caffe.cpp", 357, "Performing Backward")
    try net.backward()
    log.info("caffe.cpp", 365, "*** Benchmark begins ***")
    log.info("caffe.cpp", 366, "Testing for \(iterations) iterations.")
    try measure(net, log)
    log.info("caffe.cpp", 415, "*** Benchmark ends ***")
  }

  private func measure(_ net: Net, _ log: Log) throws(Diagnostic) {
    let start = ContinuousClock.now
    var forward = LayerTimes(net.graph.nodes.count), backward = LayerTimes(net.graph.nodes.count)
    for iteration in 1...iterations {
      let begin = ContinuousClock.now
      forward.begin()
      try net.forward { forward.lap($0) }
      forward.end()
      backward.begin()
      try net.backward { backward.lap($0) }
      backward.end()
      let whole = (ContinuousClock.now - begin) / .milliseconds(1)
      log.info("caffe.cpp", 394, "Iteration: \(iteration) forward-backward time: \(Int(whole)) ms.")
    }
    let total = (ContinuousClock.now - start) / .milliseconds(1), count = Double(iterations)
    log.info("caffe.cpp", 397, "Average time per layer: ")
    for (index, node) in net.graph.nodes.enumerated() {
      let name = String(repeating: " ", count: max(0, 10 - node.name.count)) + node.name
      log.info("caffe.cpp", 400, "\(name)\tforward: \(logNumber(forward.layers[index] / count)) ms.")
      log.info("caffe.cpp", 403, "\(name)\tbackward: \(logNumber(backward.layers[index] / count)) ms.")
    }
    log.info("caffe.cpp", 408, "Average Forward pass: \(logNumber(forward.total / count)) ms.")
    log.info("caffe.cpp", 410, "Average Backward pass: \(logNumber(backward.total / count)) ms.")
    log.info("caffe.cpp", 412, "Average Forward-Backward: \(logNumber(total / count)) ms.")
    log.info("caffe.cpp", 414, "Total Time: \(logNumber(total)) ms.")
  }
}

/// Milliseconds of each layer, summed over passes: each gets the time since the layer before it was done.
private struct LayerTimes {
  private(set) var layers: [Double]
  private(set) var total = 0.0
  private var start = ContinuousClock.now
  private var last = ContinuousClock.now

  init(_ count: Int) { layers = Array(repeating: 0, count: count) }

  mutating func begin() {
    start = .now
    last = start
  }

  mutating func lap(_ nodes: Range<Int>) {
    let now = ContinuousClock.now
    layers[nodes.lowerBound] += (now - last) / .milliseconds(1)
    last = now
  }

  mutating func end() { total += (ContinuousClock.now - start) / .milliseconds(1) }
}
