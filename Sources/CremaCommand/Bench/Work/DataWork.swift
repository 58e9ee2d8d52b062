import Crema
import Foundation
import Prototxt

/// The way from an LMDB to a net's input, without a net.
enum DataWork {
  private static let source = "data_128", crop = 120, batch = 64

  /// The database, and a mean image of its size.
  static func prepare(_ context: BenchContext) throws {
    try RandomDatabase.make(context.path(source), count: 1024, shape: [3, 128, 128], classes: 2)
    let path = context.path("mean.binaryproto")
    guard !InputEnvironment.exists(path) else { return }
    var mean = Message(CaffeSchema.blob)
    for (name, value) in [("num", 1), ("channels", 3), ("height", 128), ("width", 128)] { mean.set(name, value) }
    mean.set("data", (0..<3 * 128 * 128).map { Float($0 % 251) })
    try Data(mean.binary()).write(to: URL(fileURLWithPath: path))
  }

  /// Reads, crops, mirrors, subtracts the mean image and copies; the process is kept on one processor.
  static func run(_ context: BenchContext) throws -> Measurement {
    let file = try context.write(
      """
      layer {
        name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN }
        transform_param { crop_size: \(crop) mirror: true mean_file: "\(context.path("mean.binaryproto"))" }
        data_param { source: "\(context.path(source))" batch_size: \(batch) backend: LMDB }
      }
      layer { name: "end" type: "Silence" bottom: "data" bottom: "label" }
      """, "data.prototxt")
    let watch = MemoryWatch()
    let graph = try GraphBuilder.build(try NetDefinition(contentsOf: file), state: NetState(phase: .train).message)
    let net = try Net(graph, random: RandomStream(seed: 1), workers: Workers(count: 1))
    try watch.during { for _ in 0..<8 { try net.forward() } }
    let passes = 16
    let times = try context.times { for _ in 0..<passes { try net.forward() } }.map { $0 / Double(passes) }
    let rate = Double(batch) / ((times.min() ?? 1) / 1000)
    return Measurement(
      milliseconds: times, anonymous: watch.most.anonymous, mapped: watch.most.mapped,
      figures: [.init(name: "rate", value: rate, unit: "images/s")])
  }
}
