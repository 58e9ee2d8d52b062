import Crema
import Foundation
import HDF5
import Prototxt
import Synchronization
import TestSupport
import Testing

/// HDF5Data, STOCHASTIC pooling, Filter and inputs of other sizes inside of one net: trained and tested by a solver, on several
/// engines and numbers of threads.
@Suite struct WholeNetTests {
  private static let files = [5, 3], batch = 4

  /// What is behind the data.
  private static let body = """
    layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 6 kernel_size: 3
            pad: 1 weight_filler { type: "xavier" } bias_filler { type: "constant" value: 0.1 } } }
    layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
    layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool"
            pooling_param { pool: STOCHASTIC kernel_size: 3 stride: 2 } }
    layer { name: "filter" type: "Filter" bottom: "pool" bottom: "label" bottom: "chosen" top: "some" top: "wanted"
            propagate_down: true propagate_down: false propagate_down: false }
    layer { name: "mix" type: "Convolution" bottom: "some" top: "mix" convolution_param { num_output: 4 kernel_size: 1
            weight_filler { type: "xavier" } } }
    layer { name: "mean" type: "Pooling" bottom: "mix" top: "mean" pooling_param { pool: AVE global_pooling: true } }
    layer { name: "ip" type: "InnerProduct" bottom: "mean" top: "ip" inner_product_param { num_output: 3
            weight_filler { type: "xavier" } } }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "wanted" top: "loss"
            propagate_down: true propagate_down: false }
    layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "wanted" top: "accuracy" include { phase: TEST } }
    """
  private static let data = """
    layer { name: "data" type: "HDF5Data" top: "data" top: "label" top: "chosen"
            hdf5_data_param { source: "list.txt" batch_size: \(batch) } }
    """

  enum Engines: CaseIterable {
    case reference, direct, auto
    var engine: (any Engine)? {
      switch self {
      case .reference: nil
      case .direct: FastEngine(usesWinograd: false)
      case .auto: FastEngine()
      }
    }
  }

  /// The rows of all files, one after the other.
  private struct Rows {
    var data: [[Float]] = [], labels: [Float] = [], chosen: [Float] = []
    static let shape = [2, 8, 7]

    init() {
      var numbers = Numbers(17)
      for row in 0..<WholeNetTests.files.reduce(0, +) {
        data.append((0..<Rows.shape.reduce(1, *)).map { _ in numbers.next() })
        labels.append(Float(row % 3))
        chosen.append(row % 3 == 1 ? 0 : 1)
      }
    }

    func write(to folder: ScratchFolder) throws {
      var first = 0
      for (index, count) in WholeNetTests.files.enumerated() {
        let file = try HDF5File(creating: folder("\(index).h5")), rows = first..<first + count
        try file.write(Array(data[rows].joined()), shape: [count] + Rows.shape, to: "data")
        try file.write(Array(labels[rows]), shape: [count], to: "label")
        try file.write(Array(chosen[rows]), shape: [count, 1], to: "chosen")
        try file.close()
        first += count
      }
      let list = WholeNetTests.files.indices.map { "\(folder.path)/\($0).h5\n" }.joined()
      try TestSupport.write(Array(list.utf8), to: folder("list.txt"))
    }

    /// What a batch holds.
    func batch(_ index: Int) -> [String: [Float]] {
      let rows = (0..<WholeNetTests.batch).map { (index * WholeNetTests.batch + $0) % labels.count }
      return [
        "data": rows.flatMap { data[$0] }, "label": rows.map { labels[$0] }, "chosen": rows.map { chosen[$0] },
      ]
    }
  }

  /// The losses of the updates, the scores of all tests, and the weights in the end.
  private func train(_ folder: ScratchFolder, _ engine: Engines, threads: Int) throws -> ([Float], [Float], [[Float]]) {
    let solver = """
      net: "\(folder.path)/net.prototxt" base_lr: 0.05 lr_policy: "fixed" momentum: 0.9 max_iter: 8 test_iter: 2
      test_interval: 3 snapshot_after_train: false random_seed: 1701 snapshot_prefix: "\(folder.path)/snap"
      """
    try write(Array((Self.data + Self.body).utf8), to: folder("net.prototxt"))
    try write(Array(solver.utf8), to: folder("solver.prototxt"))
    let losses = Mutex([Float]()), scores = Mutex([Float]())
    var options = Solver.Options()
    options.environment.rootFolder = folder.path
    options.net = Net.Options(engine: engine.engine)
    options.report = { progress in losses.withLock { $0.append(progress.lastLoss) } }
    options.log = Log { entry in
      guard entry.message.hasPrefix("    Test net output") else { return }
      let number = entry.message.split(separator: " = ").dropFirst().first.flatMap { Float($0.prefix { $0 != " " }) }
      scores.withLock { $0.append(number ?? .nan) }
    }
    let run = try Solver(
      SolverDefinition(contentsOf: folder("solver.prototxt")), workers: Workers(count: threads), options: options)
    try run.solve()
    return (losses.withLock { $0 }, scores.withLock { $0 }, Training.weights(run.net))
  }

  @Test func trainsAndTests() throws {
    let folder = try ScratchFolder()
    try Rows().write(to: folder)
    let expected = try train(folder, .reference, threads: 1)
    #expect(expected.0.count == 8 && expected.1.count == 6 && !(expected.0 + expected.1).contains { $0.isNaN })
    for engine in Engines.allCases {
      let one = try train(folder, engine, threads: 1), three = try train(folder, engine, threads: 3)
      #expect(one == three, "\(engine), 1 and 3 threads")
      for (a, b) in zip(one.0 + one.1, expected.0 + expected.1) {
        #expect(abs(a - b) <= 2e-3 * max(abs(b), 1), "\(engine): \(a) instead of \(b)")
      }
    }
  }

  /// A net with data of its own computes what a net computes that is fed the same rows, in both phases.
  @Test(arguments: Engines.allCases, [Phase.train, .test])
  func readsWhatAnotherNetIsFed(_ engine: Engines, phase: Phase) throws {
    let folder = try ScratchFolder(), rows = Rows()
    try rows.write(to: folder)
    let shape = ([Self.batch] + Rows.shape).map { "dim: \($0)" }.joined(separator: " ")
    let input = """
      layer { name: "in" type: "Input" top: "data" top: "label" top: "chosen" input_param { shape { \(shape) }
              shape { dim: \(Self.batch) } shape { dim: \(Self.batch) dim: 1 } } }
      """
    for threads in [1, 3] {
      let net = try net(Self.data + Self.body, engine, phase, threads, folder)
      let fed = try self.net(input + Self.body, engine, phase, threads, folder)
      for batch in 0..<5 {
        let loss = try net.forward()
        #expect(try fed.forward(feeding: rows.batch(batch)) == loss)
        #expect(loss.isFinite && loss > 0)
        guard phase == .train else { continue }
        try net.backward()
        try fed.backward()
      }
      #expect(gradients(net) == gradients(fed))
    }
  }

  /// After a change of sizes a net is the net that has these sizes from the start.
  @Test(arguments: Engines.allCases, [1, 3])
  func takesOtherSizes(_ engine: Engines, threads: Int) throws {
    let folder = try ScratchFolder()
    func text(_ images: Int, _ height: Int, _ width: Int) -> String {
      """
      layer { name: "in" type: "Input" top: "data" top: "label" top: "chosen"
              input_param { shape { dim: \(images) dim: 2 dim: \(height) dim: \(width) } shape { dim: \(images) }
                            shape { dim: \(images) } } }
      """ + Self.body
    }
    let net = try net(text(4, 8, 7), engine, .train, threads, folder)
    var numbers = Numbers(23), drawn = 0
    for (images, height, width) in [(4, 8, 7), (1, 13, 7), (7, 3, 13), (4, 8, 7)] {
      let random = RandomStream(seed: 1701)
      let fresh = try self.net(text(images, height, width), engine, .train, threads, folder, random)
      for _ in 0..<drawn { _ = random.draw() }
      try net.reshape(["data": [images, 2, height, width], "label": [images], "chosen": [images]])
      let x = Tensor([images, 2, height, width])
      numbers.fill(x)
      let values = [
        "data": x.values, "label": (0..<images).map { Float($0 % 3) },
        "chosen": (0..<images).map { Float($0 == 1 ? 0 : 1) },
      ]
      for net in [net, fresh] {
        net.clearGradients()
        try net.forward(feeding: values)
        try net.backward()
      }
      drawn += try #require(net.blob("pool")).shape.count
      #expect(net.loss == fresh.loss && net.loss > 0)
      #expect(gradients(net) == gradients(fresh), "\(images)x\(height)x\(width)")
    }
  }

  private func net(
    _ text: String, _ engine: Engines, _ phase: Phase, _ threads: Int, _ folder: ScratchFolder,
    _ random: RandomStream = RandomStream(seed: 1701)
  ) throws -> Net {
    var environment = InputEnvironment()
    environment.rootFolder = folder.path
    var building = GraphBuilder.Options()
    building.environment = environment
    let message = try TextParser.parse(SourceText(name: "net.prototxt", text), as: CaffeSchema.net).message
    var state = Message(CaffeSchema.state)
    state.set("phase", phase.rawValue)
    let graph = try GraphBuilder.build(NetDefinition(message), state: state, options: building)
    return try Net(
      graph, random: random, workers: Workers(count: threads), environment: environment,
      options: Net.Options(engine: engine.engine))
  }

  private func gradients(_ net: Net) -> [[Float]] {
    net.graph.nodes.flatMap { net.weights(of: $0.name) ?? [] }.map(\.gradient.values)
  }
}
