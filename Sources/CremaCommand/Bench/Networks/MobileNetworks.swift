extension BenchNetwork {
  /// SqueezeNet 1.1 (Iandola et al., "SqueezeNet"; the authors' second release).
  package static let squeezeNet = BenchNetwork(
    name: "SqueezeNet-1.1", input: [3, 227, 227], classes: 1000,
    transform: "mean_value: 104 mean_value: 117 mean_value: 123"
  ) { net, data in
    var blob = net.convolution("conv1", data, 64, 3, stride: 2)
    net.relu("relu_conv1", blob)
    blob = net.pool("pool1", blob, "MAX", 3, 2)
    let modules = [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)]
    for (index, (squeeze, expand)) in modules.enumerated() {
      let number = index + 2
      if number == 4 || number == 6 { blob = net.pool("pool\(number - 1)", blob, "MAX", 3, 2) }
      blob = fire(&net, "fire\(number)", blob, squeeze, expand)
    }
    net.dropout("drop9", blob)
    blob = net.convolution("conv10", blob, 1000, 1)
    net.relu("relu_conv10", blob)
    return net.globalMean("pool10", blob)
  }

  private static func fire(
    _ net: inout NetText, _ name: String, _ bottom: String, _ squeeze: Int, _ expand: Int
  ) -> String {
    let narrow = net.convolution("\(name)/squeeze1x1", bottom, squeeze, 1)
    net.relu("\(name)/relu_squeeze1x1", narrow)
    let small = net.convolution("\(name)/expand1x1", narrow, expand, 1)
    net.relu("\(name)/relu_expand1x1", small)
    let large = net.convolution("\(name)/expand3x3", narrow, expand, 3, pad: 1)
    net.relu("\(name)/relu_expand3x3", large)
    net.layer("\(name)/concat", "Concat", [small, large], ["\(name)/concat"])
    return "\(name)/concat"
  }

  /// MobileNet (Howard et al., "MobileNets"), width 1, 224 pixels.
  package static let mobileNet = BenchNetwork(
    name: "MobileNet", input: [3, 224, 224], classes: 1000,
    transform: "mean_value: 104 mean_value: 117 mean_value: 123 scale: 0.017"
  ) { net, data in
    var blob = unit(&net, "conv1", data, 32, 3, stride: 2)
    let stages: [(name: String, outputs: Int, stride: Int)] =
      [("2_1", 64, 1), ("2_2", 128, 2), ("3_1", 128, 1), ("3_2", 256, 2), ("4_1", 256, 1), ("4_2", 512, 2)]
      + (1...5).map { ("5_\($0)", 512, 1) } + [("5_6", 1024, 2), ("6", 1024, 1)]
    var channels = 32
    for stage in stages {
      blob = unit(&net, "conv\(stage.name)/dw", blob, channels, 3, stride: stage.stride, group: channels)
      blob = unit(&net, "conv\(stage.name)/sep", blob, stage.outputs, 1)
      channels = stage.outputs
    }
    blob = net.globalMean("pool6", blob)
    return net.convolution("fc7", blob, 1000, 1)
  }

  private static func unit(
    _ net: inout NetText, _ name: String, _ bottom: String, _ outputs: Int, _ kernel: Int, stride: Int = 1,
    group: Int = 1
  ) -> String {
    let blob = net.convolution(
      name, bottom, outputs, kernel, stride: stride, pad: kernel / 2, group: group, bias: false)
    net.normalize(blob, names: ("\(name)/bn", "\(name)/scale"))
    net.relu("\(name)/relu", blob)
    return blob
  }
}
