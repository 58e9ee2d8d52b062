extension BenchNetwork {
  /// GoogLeNet (Szegedy et al., "Going deeper with convolutions"), without the two classifiers that only training uses.
  package static let googLeNet = BenchNetwork(
    name: "GoogLeNet", input: [3, 224, 224], classes: 1000,
    transform: "mean_value: 104 mean_value: 117 mean_value: 123"
  ) { net, data in
    var blob = unit(&net, "conv1/7x7_s2", data, 64, 7, stride: 2)
    blob = net.respond("pool1/norm1", net.pool("pool1/3x3_s2", blob, "MAX", 3, 2))
    blob = unit(&net, "conv2/3x3_reduce", blob, 64, 1)
    blob = unit(&net, "conv2/3x3", blob, 192, 3)
    blob = net.pool("pool2/3x3_s2", net.respond("conv2/norm2", blob), "MAX", 3, 2)
    let modules: [(name: String, sizes: Inception)] = [
      ("3a", Inception(64, 96, 128, 16, 32, 32)), ("3b", Inception(128, 128, 192, 32, 96, 64)),
      ("4a", Inception(192, 96, 208, 16, 48, 64)), ("4b", Inception(160, 112, 224, 24, 64, 64)),
      ("4c", Inception(128, 128, 256, 24, 64, 64)), ("4d", Inception(112, 144, 288, 32, 64, 64)),
      ("4e", Inception(256, 160, 320, 32, 128, 128)), ("5a", Inception(256, 160, 320, 32, 128, 128)),
      ("5b", Inception(384, 192, 384, 48, 128, 128)),
    ]
    for (name, sizes) in modules {
      if ["4a", "5a"].contains(name) { blob = net.pool("pool\(name == "4a" ? 3 : 4)/3x3_s2", blob, "MAX", 3, 2) }
      blob = inception(&net, "inception_\(name)", blob, sizes)
    }
    blob = net.pool("pool5/7x7_s1", blob, "AVE", 7, 1)
    net.dropout("pool5/drop_7x7_s1", blob, ratio: "0.4")
    return net.product("loss3/classifier", blob, 1000)
  }

  /// The outputs of a module's convolutions.
  private struct Inception {
    let single: Int, before3: Int, three: Int, before5: Int, five: Int, pooled: Int

    init(_ single: Int, _ before3: Int, _ three: Int, _ before5: Int, _ five: Int, _ pooled: Int) {
      (self.single, self.before3, self.three) = (single, before3, three)
      (self.before5, self.five, self.pooled) = (before5, five, pooled)
    }
  }

  private static func inception(
    _ net: inout NetText, _ name: String, _ bottom: String, _ sizes: Inception
  ) -> String {
    let single = unit(&net, "\(name)/1x1", bottom, sizes.single, 1)
    let before3 = unit(&net, "\(name)/3x3_reduce", bottom, sizes.before3, 1)
    let three = unit(&net, "\(name)/3x3", before3, sizes.three, 3)
    let before5 = unit(&net, "\(name)/5x5_reduce", bottom, sizes.before5, 1)
    let five = unit(&net, "\(name)/5x5", before5, sizes.five, 5)
    let pooled = unit(
      &net, "\(name)/pool_proj", net.pool("\(name)/pool", bottom, "MAX", 3, 1, pad: 1), sizes.pooled, 1)
    net.layer("\(name)/output", "Concat", [single, three, five, pooled], ["\(name)/output"])
    return "\(name)/output"
  }

  private static func unit(
    _ net: inout NetText, _ name: String, _ bottom: String, _ outputs: Int, _ kernel: Int, stride: Int = 1
  ) -> String {
    let blob = net.convolution(name, bottom, outputs, kernel, stride: stride, pad: kernel / 2)
    net.relu("\(name)/relu", blob)
    return blob
  }
}
