extension BenchNetwork {
  /// VGG-16 (Simonyan and Zisserman, "Very deep convolutional networks"): the net of the largest common weights.
  package static let vgg16 = BenchNetwork(
    name: "VGG-16", input: [3, 224, 224], classes: 1000,
    transform: "mean_value: 104 mean_value: 117 mean_value: 123"
  ) { net, data in
    var blob = data
    for (stage, (count, outputs)) in [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)].enumerated() {
      for index in 1...count {
        blob = net.convolution("conv\(stage + 1)_\(index)", blob, outputs, 3, pad: 1)
        net.relu("relu\(stage + 1)_\(index)", blob)
      }
      blob = net.pool("pool\(stage + 1)", blob, "MAX", 2, 2)
    }
    for name in ["6", "7"] {
      blob = net.product("fc\(name)", blob, 4096)
      net.relu("relu\(name)", blob)
      net.dropout("drop\(name)", blob)
    }
    return net.product("fc8", blob, 1000)
  }
}
