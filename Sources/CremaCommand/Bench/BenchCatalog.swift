import Crema

/// All workloads, in the order of the table.
enum BenchCatalog {
  static let all: [BenchWorkload] = amtennet + small + inferences + steps + files + scaling

  private static let amtennet = [amtennetStep(64, peers: true), amtennetInference(64), amtennetInference(1)]
  private static let small = [
    step("lenet", .leNet, batch: 64, "LeNet"), step("cifar-quick", .cifarQuick, batch: 100, "CIFAR-quick"),
  ]
  private static let inferences: [BenchWorkload] = {
    let networks: [(name: String, network: BenchNetwork, batches: [Int])] = [
      ("resnet-50", .resNet50, [1, 8]), ("squeezenet", .squeezeNet, [1, 8]), ("mobilenet", .mobileNet, [1, 8]),
      ("alexnet", .alexNet, [1, 8]), ("googlenet", .googLeNet, [1, 8]), ("vgg-16", .vgg16, [1, 8]),
      ("ssd-vgg-300", .ssd300, [1]),
    ]
    return networks.flatMap { entry in entry.batches.map { inference(entry.name, entry.network, batch: $0) } }
  }()
  private static let steps = [
    step("resnet-50", .resNet50, batch: 8, "ResNet-50"), step("alexnet", .alexNet, batch: 32, "AlexNet"), captions,
  ]
  private static let files = [data, load, convert, summary]
  private static let scaling: [BenchWorkload] =
    [16, 32, 128, 256].map { amtennetStep($0) } + [amtennetStep(16, side: 256), amtennetStep(4, side: 512)]
    + [amtennetStep(16, threads: 1), amtennetStep(64, threads: 1)]

  private static func amtennetStep(
    _ batch: Int, side: Int = 128, threads: Int? = nil, peers: Bool = false
  ) -> BenchWorkload {
    let source = "amtennet_\(side)", images = side == 128 ? 512 : 64
    let suffix =
      (batch == 64 ? "" : "-batch-\(batch)") + (side == 128 ? "" : "-\(side)x\(side)")
      + (threads == 1 ? "-1-thread" : "")
    return BenchWorkload(
      name: "amtennet-step\(suffix)",
      title: "AMTENnet training step from LMDB, batch \(batch), \(side)x\(side)\(threads == 1 ? ", 1 thread" : "")",
      peer: peers ? .init(network: "amtennet", batch: batch, trains: true) : nil, threads: threads,
      prepare: { try RandomDatabase.make($0.path(source), count: images, shape: [3, side, side], classes: 2) },
      run: { context in
        let net = try NetWork.amtennet(batch: batch, source: context.path(source), context)
        return try NetWork.step(net, momentum: "0.95", decay: "0.005", context)
      })
  }

  private static func amtennetInference(_ batch: Int) -> BenchWorkload {
    BenchWorkload(
      name: "amtennet-inference-\(batch)", title: "AMTENnet inference, batch \(batch)",
      peer: .init(network: "amtennet", batch: batch, trains: false),
      run: { context in
        let deploy = try NetDefinition(contentsOf: context.amtennet + "/deploy.prototxt")
        return try NetWork.inference(deploy.taking(images: batch), context)
      })
  }

  private static func inference(_ name: String, _ network: BenchNetwork, batch: Int) -> BenchWorkload {
    BenchWorkload(
      name: "\(name)-inference-\(batch)", title: "\(network.name) inference, batch \(batch)",
      peer: .init(network: name, batch: batch, trains: false),
      run: { context in
        let file = try context.write(network.inference(batch: batch), "deploy.prototxt")
        return try NetWork.inference(try NetDefinition(contentsOf: file), context)
      })
  }

  private static func step(_ name: String, _ network: BenchNetwork, batch: Int, _ title: String) -> BenchWorkload {
    let images = network.input[1] > 100 ? 64 : 2048
    return BenchWorkload(
      name: "\(name)-step", title: "\(title) training step from LMDB, batch \(batch)",
      peer: .init(network: name, batch: batch, trains: true),
      prepare: {
        try RandomDatabase.make($0.path(name), count: images, shape: network.input, classes: network.classes)
      },
      run: { context in
        let file = try context.write(
          network.training(batch: batch, source: context.path(name)), "train_val.prototxt")
        return try NetWork.step(file, momentum: "0.9", decay: "0.0005", context)
      })
  }

  private static let captions = BenchWorkload(
    name: "lstm-step",
    title: "LSTM training step from HDF5: 2 x \(CaptionNet.outputs) units, \(CaptionNet.steps) steps of "
      + "\(CaptionNet.sequences) sequences",
    peer: .init(network: "lstm", batch: CaptionNet.sequences, trains: true), prepare: CaptionWork.prepare,
    run: CaptionWork.step)

  private static let data = BenchWorkload(
    name: "data", title: "64 images from LMDB: crop, mirror, mean; 1 core", threads: 1,
    staysOnOneProcessor: true, prepare: DataWork.prepare,
    run: DataWork.run)
  private static let load = BenchWorkload(
    name: "load", title: "Load VGG-16's caffemodel", prepare: WeightsWork.prepare, run: WeightsWork.load)
  private static let convert = BenchWorkload(
    name: "convert", title: "Convert VGG-16's caffemodel to HDF5", prepare: WeightsWork.prepare,
    run: WeightsWork.convert)
  private static let summary = BenchWorkload(
    name: "summary", title: "`crema summary` of ResNet-152", run: StartUpWork.summary)
}
