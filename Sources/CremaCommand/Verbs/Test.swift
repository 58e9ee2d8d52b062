import ArgumentParser
import Crema
import Prototxt

/// Scores a model over some batches of its data.
struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "test", abstract: "Score a model.")

  @Option(help: "The net (prototxt).")
  var model: String?

  @Option(help: "The trained weights (.caffemodel or .caffemodel.h5).")
  var weights: String?

  @Option(help: "The number of batches.")
  var iterations = 50

  @Flag(help: "Accept weights that lack a layer which learns; it then keeps the values of its fillers.")
  var allowMissing = false

  @OptionGroup var options: ModelOptions
  @OptionGroup var devices: DeviceOptions
  @OptionGroup var compute: ComputeOptions

  mutating func validate() throws {
    if iterations < 1 { throw ValidationError("--iterations must be at least 1, not \(iterations)") }
  }

  func run() throws {
    guard let model else { throw Diagnostic("Need a model definition to score. Give it with --model FILE") }
    guard let weights else { throw Diagnostic("Need model weights to score. Give them with --weights FILE") }
    let console = Console.standard, log = console.log
    let workers = try compute.start()
    devices.note()
    log.info("caffe.cpp", 275, "Use CPU.")
    var netOptions = compute.netOptions
    netOptions.isForwardOnly = true
    let net = try NetLoader(options, workers: workers).net(model, phase: .test, netOptions)
    let report = try WeightsFile.load(weights, into: net, log: log, requiresEveryLayer: !allowMissing)
    console.tell(report.text(all: false) + "\n")
    console.showEverything()
    log.info("caffe.cpp", 281, "Running for \(iterations) iterations.")
    try score(net, log)
  }

  private func score(_ net: Net, _ log: Log) throws(Diagnostic) {
    let debug = net.graph.debugInfo ? DebugInfo(net, log) : nil
    let outputs = net.graph.outputs.map { net.graph.values[$0].name }
    var sums: [[Float]] = [], loss: Float = 0
    for batch in 0..<iterations {
      loss += try net.forward { debug?.forward($0) }
      let values = net.graph.outputs.map { net.memory.values[$0].data.values }
      for (name, values) in zip(outputs, values) {
        for value in values { log.info("caffe.cpp", 304, "Batch \(batch), \(name) = \(logNumber(value))") }
      }
      sums = sums.isEmpty ? values : zip(sums, values).map { zip($0, $1).map(+) }
      Console.standard.live("Batch \(batch + 1)/\(iterations)")
    }
    Console.standard.endLive()
    log.info("caffe.cpp", 309, "Loss: \(logNumber(loss / Float(iterations)))")
    for (index, (name, sums)) in zip(outputs, sums).enumerated() {
      let weight = net.graph.lossWeight(of: net.graph.outputs[index])
      for sum in sums {
        let mean = sum / Float(iterations)
        let share = weight != 0 ? " (* \(logNumber(weight)) = \(logNumber(weight * mean)) loss)" : ""
        log.info("caffe.cpp", 321, "\(name) = \(logNumber(mean))\(share)")
      }
    }
  }
}
