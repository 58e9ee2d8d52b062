import Crema
import Prototxt

/// How long the program takes from its start to its end.
enum StartUpWork {
  /// `crema summary` of ResNet-152's prototxt.
  static func summary(_ context: BenchContext) throws -> Measurement {
    let file = try context.write(BenchNetwork.resNet152.inference(batch: 1), "resnet152.prototxt")
    var most = 0
    let times = try context.times(fewest: 20) {
      let child = try ChildProcess.run([ChildProcess.own, "summary", file], output: "/dev/null")
      guard child.code == 0 else { throw Diagnostic("'crema summary \(file)' failed") }
      most = max(most, child.memory)
    }
    return Measurement(
      milliseconds: times, anonymous: 0, mapped: 0,
      figures: [.init(name: "all memory", value: Double(most) / 1048576, unit: "MB")])
  }
}
