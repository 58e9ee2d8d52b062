extension BenchNetwork {
  /// LeNet as Caffe's example trains it on MNIST.
  package static let leNet = BenchNetwork(
    name: "LeNet", input: [1, 28, 28], classes: 10, transform: "scale: 0.00390625"
  ) { net, data in
    let xavier = "type: \"xavier\""
    var blob = net.convolution("conv1", data, 20, 5, filler: xavier)
    blob = net.pool("pool1", blob, "MAX", 2, 2)
    blob = net.convolution("conv2", blob, 50, 5, filler: xavier)
    blob = net.pool("pool2", blob, "MAX", 2, 2)
    blob = net.product("ip1", blob, 500)
    net.relu("relu1", blob)
    return net.product("ip2", blob, 10)
  }

  /// The quick net of Caffe's example on CIFAR-10.
  package static let cifarQuick = BenchNetwork(
    name: "CIFAR10_quick", input: [3, 32, 32], classes: 10,
    transform: "mean_value: 125.3 mean_value: 123 mean_value: 113.9"
  ) { net, data in
    func gaussian(_ deviation: String) -> String { "type: \"gaussian\" std: \(deviation)" }
    var blob = net.convolution("conv1", data, 32, 5, pad: 2, filler: gaussian("0.0001"))
    blob = net.pool("pool1", blob, "MAX", 3, 2)
    net.relu("relu1", blob)
    blob = net.convolution("conv2", blob, 32, 5, pad: 2, filler: gaussian("0.01"))
    net.relu("relu2", blob)
    blob = net.pool("pool2", blob, "AVE", 3, 2)
    blob = net.convolution("conv3", blob, 64, 5, pad: 2, filler: gaussian("0.01"))
    net.relu("relu3", blob)
    blob = net.pool("pool3", blob, "AVE", 3, 2)
    blob = net.product("ip1", blob, 64, filler: gaussian("0.1"))
    return net.product("ip2", blob, 10, filler: gaussian("0.1"))
  }
}
