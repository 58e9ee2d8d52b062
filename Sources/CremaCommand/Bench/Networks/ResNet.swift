extension BenchNetwork {
  /// ResNet-50 (He et al., "Deep residual learning for image recognition").
  package static let resNet50 = resNet(50, blocks: [3, 4, 6, 3])
  /// ResNet-152.
  package static let resNet152 = resNet(152, blocks: [3, 8, 36, 3])

  /// A residual net of bottlenecks. The first 1x1 of a stage has the stride, as in the authors' prototxt files.
  private static func resNet(_ depth: Int, blocks: [Int]) -> BenchNetwork {
    BenchNetwork(
      name: "ResNet-\(depth)", input: [3, 224, 224], classes: 1000,
      transform: "mean_value: 104 mean_value: 117 mean_value: 123"
    ) { net, data in
      var blob = unit(&net, "conv1", data, 64, 7, stride: 2, pad: 3, names: ("bn_conv1", "scale_conv1"))
      net.relu("conv1_relu", blob)
      blob = net.pool("pool1", blob, "MAX", 3, 2)
      for (stage, count) in blocks.enumerated() {
        for block in 0..<count {
          blob = bottleneck(
            &net, "\(stage + 2)\(suffix(block, of: count))", blob, width: 64 << stage,
            stride: block == 0 && stage > 0 ? 2 : 1, projects: block == 0)
        }
      }
      blob = net.pool("pool5", blob, "AVE", 7, 1)
      return net.product("fc1000", blob, 1000)
    }
  }

  /// Blocks of short stages are named a, b, c, those of long ones a, b1, b2.
  private static func suffix(_ block: Int, of count: Int) -> String {
    guard count > 6 else { return String(["a", "b", "c", "d", "e", "f"][block]) }
    return block == 0 ? "a" : "b\(block)"
  }

  private static func bottleneck(
    _ net: inout NetText, _ name: String, _ bottom: String, width: Int, stride: Int, projects: Bool
  ) -> String {
    var side = bottom
    if projects { side = branch(&net, "\(name)_branch1", bottom, 4 * width, 1, stride: stride) }
    var blob = branch(&net, "\(name)_branch2a", bottom, width, 1, stride: stride)
    net.relu("res\(name)_branch2a_relu", blob)
    blob = branch(&net, "\(name)_branch2b", blob, width, 3, pad: 1)
    net.relu("res\(name)_branch2b_relu", blob)
    blob = branch(&net, "\(name)_branch2c", blob, 4 * width, 1)
    net.layer("res\(name)", "Eltwise", [side, blob], ["res\(name)"])
    net.relu("res\(name)_relu", "res\(name)")
    return "res\(name)"
  }

  private static func branch(
    _ net: inout NetText, _ name: String, _ bottom: String, _ outputs: Int, _ kernel: Int, stride: Int = 1,
    pad: Int = 0
  ) -> String {
    unit(
      &net, "res\(name)", bottom, outputs, kernel, stride: stride, pad: pad, names: ("bn\(name)", "scale\(name)"))
  }

  private static func unit(
    _ net: inout NetText, _ name: String, _ bottom: String, _ outputs: Int, _ kernel: Int, stride: Int, pad: Int,
    names: (norm: String, scale: String)
  ) -> String {
    let blob = net.convolution(name, bottom, outputs, kernel, stride: stride, pad: pad, bias: false)
    net.normalize(blob, names: names)
    return blob
  }
}
