extension BenchNetwork {
  /// AlexNet (Krizhevsky et al., "ImageNet classification with deep convolutional neural networks"), in two groups.
  package static let alexNet = BenchNetwork(
    name: "AlexNet", input: [3, 227, 227], classes: 1000,
    transform: "mean_value: 104 mean_value: 117 mean_value: 123"
  ) { net, data in alexNet(&net, data, poolsFirst: false) }

  /// CaffeNet: AlexNet with each pooling before the normalisation.
  package static let caffeNet = BenchNetwork(
    name: "CaffeNet", input: [3, 227, 227], classes: 1000,
    transform: "mean_value: 104 mean_value: 117 mean_value: 123"
  ) { net, data in alexNet(&net, data, poolsFirst: true) }

  private static func alexNet(_ net: inout NetText, _ data: String, poolsFirst: Bool) -> String {
    func gaussian(_ deviation: String) -> String { "type: \"gaussian\" std: \(deviation)" }
    var blob = net.convolution("conv1", data, 96, 11, stride: 4, filler: gaussian("0.01"))
    net.relu("relu1", blob)
    blob = reduce(&net, "1", blob, poolsFirst)
    blob = net.convolution("conv2", blob, 256, 5, pad: 2, group: 2, filler: gaussian("0.01"))
    net.relu("relu2", blob)
    blob = reduce(&net, "2", blob, poolsFirst)
    for (name, outputs, group) in [("3", 384, 1), ("4", 384, 2), ("5", 256, 2)] {
      blob = net.convolution("conv\(name)", blob, outputs, 3, pad: 1, group: group, filler: gaussian("0.01"))
      net.relu("relu\(name)", blob)
    }
    blob = net.pool("pool5", blob, "MAX", 3, 2)
    for name in ["6", "7"] {
      blob = net.product("fc\(name)", blob, 4096, filler: gaussian("0.005"))
      net.relu("relu\(name)", blob)
      net.dropout("drop\(name)", blob)
    }
    return net.product("fc8", blob, 1000, filler: gaussian("0.01"))
  }

  private static func reduce(_ net: inout NetText, _ number: String, _ bottom: String, _ poolsFirst: Bool) -> String {
    if poolsFirst { return net.respond("norm\(number)", net.pool("pool\(number)", bottom, "MAX", 3, 2)) }
    return net.pool("pool\(number)", net.respond("norm\(number)", bottom), "MAX", 3, 2)
  }
}
