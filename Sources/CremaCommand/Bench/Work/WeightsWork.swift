import Crema
import CremaConvert
import Foundation
import Prototxt

/// Files of weights as large as VGG-16's.
enum WeightsWork {
  private static let file = "vgg16.caffemodel"

  private static func net(_ context: BenchContext, fills: Bool) throws -> Net {
    let path = try context.write(BenchNetwork.vgg16.inference(batch: 1, fills: fills), "vgg16.prototxt")
    let graph = try GraphBuilder.build(try NetDefinition(contentsOf: path), state: NetState(phase: .test).message)
    return try Net(graph, random: RandomStream(seed: 1), workers: context.workers)
  }

  /// The file, with random weights.
  static func prepare(_ context: BenchContext) throws {
    guard !InputEnvironment.exists(context.path(file)) else { return }
    try writeWeights(of: net(context, fills: true), to: context.path(file), format: .binary)
  }

  /// Loads the file into a net that has just been made.
  static func load(_ context: BenchContext) throws -> Measurement {
    let watch = MemoryWatch()
    var bytes = 0
    func load() throws -> Double {
      let net = try net(context, fills: false)
      bytes = 4 * net.graph.parameters.reduce(0) { $0 + $1.shape.count }
      return try ContinuousClock().measure { try WeightsFile.load(context.path(file), into: net) } / .milliseconds(1)
    }
    _ = try watch.during(load)
    let times = try (0..<4).map { _ in try load() }
    return measurement(times, bytes, watch, [])
  }

  /// Converts the file to HDF5.
  static func convert(_ context: BenchContext) throws -> Measurement {
    let (source, target) = (context.path(file), context.path("vgg16.caffemodel.h5"))
    let bytes = try System.size(of: source)
    let watch = MemoryWatch()
    try watch.during { _ = try WeightsConversion.convert(from: source, to: target) }
    let clock = ContinuousClock()
    let times = try (0..<3).map { _ in
      try clock.measure { _ = try WeightsConversion.convert(from: source, to: target) } / .milliseconds(1)
    }
    let disk = try (0..<2).map { _ in try clock.measure { try fill(context.path("disk"), bytes) } / .seconds(1) }
    let rate = Double(bytes) / (disk.min() ?? 1) / 1e6
    return measurement(times, bytes, watch, [.init(name: "disk alone", value: rate, unit: "MB/s")])
  }

  /// Writes a file of about this size, and brings it to the disk.
  private static func fill(_ path: String, _ bytes: Int) throws {
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path)), block = Data(repeating: 7, count: 1 << 22)
    for _ in 0..<bytes / block.count { try file.write(contentsOf: block) }
    try file.synchronize()
    try file.close()
  }

  private static func measurement(
    _ times: [Double], _ bytes: Int, _ watch: MemoryWatch, _ figures: [Measurement.Figure]
  ) -> Measurement {
    let rate = Double(bytes) / (times.min() ?? 1) / 1000, factor = Double(watch.most.anonymous) / Double(bytes)
    return Measurement(
      milliseconds: times, anonymous: watch.most.anonymous, mapped: watch.most.mapped,
      figures: [
        .init(name: "rate", value: rate, unit: "MB/s"),
        .init(name: "anonymous memory", value: factor, unit: "x the weights"),
      ] + figures)
  }
}
