import Crema
import LMDB
import Prototxt

/// Training steps and inference.
enum NetWork {
  /// A solver's iterations on a net whose data layer reads an LMDB: all that `crema train` does in them.
  ///
  /// - Parameter net: the path of the net.
  static func step(_ net: String, momentum: String, decay: String, _ context: BenchContext) throws -> Measurement {
    let file = try context.write(
      """
      net: "\(net)"
      base_lr: 0.0001 lr_policy: "fixed" momentum: \(momentum) weight_decay: \(decay) max_iter: 1000000
      snapshot_prefix: "\(context.path("bench"))" snapshot_after_train: false random_seed: 1
      """, "solver.prototxt")
    var options = Solver.Options()
    options.net = context.compute.netOptions
    let watch = MemoryWatch()
    let solver = try watch.during {
      let solver = try Solver(try SolverDefinition(contentsOf: file), workers: context.workers, options: options)
      try solver.train(for: 2)
      return solver
    }
    let waited = PrefetchWaits.total, start = ContinuousClock.now
    let times = try context.times { try solver.train(for: 1) }
    let share = (PrefetchWaits.total - waited) / (ContinuousClock.now - start)
    try watch.during { try solver.train(for: 2) }
    return Measurement(
      milliseconds: times, operations: solver.net.graph.trainingOperations, anonymous: watch.most.anonymous,
      mapped: watch.most.mapped, figures: [.init(name: "waits for data", value: share * 100, unit: "%")])
  }

  /// Forward passes of a net on the same random images.
  static func inference(_ definition: NetDefinition, _ context: BenchContext) throws -> Measurement {
    let watch = MemoryWatch()
    let net = try watch.during {
      let graph = try GraphBuilder.build(definition, state: NetState(phase: .test).message)
      let random = RandomStream(seed: 1)
      let net = try Net(graph, random: random, workers: context.workers, options: context.compute.netOptions)
      net.standardizeStatistics()
      net.blob("data")?.data.write { numbers in
        for i in numbers.indices { numbers[i] = random.uniform(-1, 1) }
      }
      for _ in 0..<2 { try net.forward() }
      return net
    }
    let times = try context.times { try net.forward() }
    try watch.during { for _ in 0..<2 { try net.forward() } }
    return Measurement(
      milliseconds: times, operations: net.graph.forwardOperations, anonymous: watch.most.anonymous,
      mapped: watch.most.mapped)
  }

  /// AMTENnet as it is trained, with another batch and source.
  static func amtennet(batch: Int, source: String, _ context: BenchContext) throws -> String {
    var net = try NetDefinition(contentsOf: context.amtennet + "/train_val.prototxt").message
    net.set(
      "layer",
      net.messages("layer").map { layer in
        guard layer.string("type") == "Data" else { return layer }
        var (layer, data) = (layer, layer.message("data_param"))
        data.set("batch_size", batch)
        data.set("source", source)
        layer.set("data_param", data)
        return layer
      })
    return try context.write(TextPrinter.print(net), "train_val.prototxt")
  }
}

extension Net {
  /// BatchNorm layers get mean 0 and variance 1, so that values stay finite without training.
  func standardizeStatistics() {
    for (index, node) in graph.nodes.enumerated() where node.type == "BatchNorm" {
      for (blob, value) in zip(memory.weights[index], [0, 1, 1] as [Float]) {
        blob.data.fill(value)
        blob.data.noteChange()
      }
    }
  }
}

/// LMDBs of random images.
enum RandomDatabase {
  /// Writes `count` images of random bytes below `classes` labels, unless the database is there.
  static func make(_ path: String, count: Int, shape: [Int], classes: Int) throws {
    guard !InputEnvironment.exists(path) else { return }
    var generator = SeededBytes(state: 1)
    var writer = try Writer(creating: path)
    for index in 0..<count {
      let record = Datum.encoded(
        channels: shape[0], height: shape[1], width: shape[2], pixels: generator.bytes(shape.reduce(1, *)),
        label: index % classes)
      try writer.put(zeroPadded(index, 8), record)
    }
    try writer.close()
  }
}

/// Random bytes under a seed, in a hurry.
struct SeededBytes {
  var state: UInt64

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt8(truncatingIfNeeded: state >> 24)
    }
  }
}
