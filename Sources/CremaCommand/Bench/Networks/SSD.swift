extension BenchNetwork {
  /// SSD on VGG-16, 300 pixels, 21 classes (Liu et al., "SSD: single shot multibox detector"): answers the detections.
  package static let ssd300 = BenchNetwork(
    name: "SSD-VGG-300", input: [3, 300, 300], classes: 21,
    transform: "mean_value: 104 mean_value: 117 mean_value: 123", givesScores: false
  ) { net, data in
    var maps: [String] = []
    var blob = data
    for (stage, (count, outputs)) in [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)].enumerated() {
      for index in 1...count { blob = rectified(&net, "conv\(stage + 1)_\(index)", blob, outputs, 3, pad: 1) }
      if stage == 3 {
        net.layer(
          "conv4_3_norm", "Normalize", [blob], ["conv4_3_norm"],
          "norm_param { across_spatial: false channel_shared: false scale_filler { type: \"constant\" value: 20 } }")
        maps.append("conv4_3_norm")
      }
      let isLast = stage == 4
      blob = net.pool("pool\(stage + 1)", blob, "MAX", isLast ? 3 : 2, isLast ? 1 : 2, pad: isLast ? 1 : 0)
    }
    blob = rectified(&net, "fc6", blob, 1024, 3, pad: 6, dilation: 6)
    blob = rectified(&net, "fc7", blob, 1024, 1)
    maps.append(blob)
    for (name, narrow, wide, stride) in [
      ("6", 256, 512, 2), ("7", 128, 256, 2), ("8", 128, 256, 1), ("9", 128, 256, 1),
    ] {
      blob = rectified(&net, "conv\(name)_1", blob, narrow, 1)
      blob = rectified(&net, "conv\(name)_2", blob, wide, 3, stride: stride, pad: stride - 1)
      maps.append(blob)
    }
    return detections(&net, data, maps)
  }

  private static func rectified(
    _ net: inout NetText, _ name: String, _ bottom: String, _ outputs: Int, _ kernel: Int, stride: Int = 1,
    pad: Int = 0, dilation: Int = 1
  ) -> String {
    let blob = net.convolution(name, bottom, outputs, kernel, stride: stride, pad: pad, dilation: dilation)
    net.relu("\(name)/relu", blob)
    return blob
  }

  /// The predictions on each map, their boxes, and what is left of them.
  private static func detections(_ net: inout NetText, _ data: String, _ maps: [String]) -> String {
    let sizes = [30, 60, 111, 162, 213, 264, 315], steps = [8, 16, 32, 64, 100, 300]
    var (moves, scores, boxes): ([String], [String], [String]) = ([], [], [])
    for (index, map) in maps.enumerated() {
      let hasThirds = (1...3).contains(index), count = hasThirds ? 6 : 4
      moves.append(prediction(&net, "\(map)_mbox_loc", map, 4 * count))
      scores.append(prediction(&net, "\(map)_mbox_conf", map, 21 * count))
      net.layer(
        "\(map)_mbox_priorbox", "PriorBox", [map, data], ["\(map)_mbox_priorbox"],
        "prior_box_param { min_size: \(sizes[index]) max_size: \(sizes[index + 1]) aspect_ratio: 2"
          + (hasThirds ? " aspect_ratio: 3" : "")
          + " flip: true clip: false variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2 step: \(steps[index]) }")
      boxes.append("\(map)_mbox_priorbox")
    }
    net.layer("mbox_loc", "Concat", moves, ["mbox_loc"], "concat_param { axis: 1 }")
    net.layer("mbox_conf", "Concat", scores, ["mbox_conf"], "concat_param { axis: 1 }")
    net.layer("mbox_priorbox", "Concat", boxes, ["mbox_priorbox"], "concat_param { axis: 2 }")
    net.layer(
      "mbox_conf_reshape", "Reshape", ["mbox_conf"], ["mbox_conf_reshape"],
      "reshape_param { shape { dim: 0 dim: -1 dim: 21 } }")
    net.layer(
      "mbox_conf_softmax", "Softmax", ["mbox_conf_reshape"], ["mbox_conf_softmax"], "softmax_param { axis: 2 }")
    net.layer("mbox_conf_flatten", "Flatten", ["mbox_conf_softmax"], ["mbox_conf_flatten"])
    net.layer(
      "detection_out", "DetectionOutput", ["mbox_loc", "mbox_conf_flatten", "mbox_priorbox"], ["detection_out"],
      "detection_output_param { num_classes: 21 share_location: true background_label_id: 0 code_type: CENTER_SIZE "
        + "keep_top_k: 200 confidence_threshold: 0.01 nms_param { nms_threshold: 0.45 top_k: 400 } }")
    return "detection_out"
  }

  private static func prediction(_ net: inout NetText, _ name: String, _ map: String, _ outputs: Int) -> String {
    let blob = net.convolution(name, map, outputs, 3, pad: 1, filler: "type: \"xavier\"")
    net.layer(
      "\(name)_perm", "Permute", [blob], ["\(name)_perm"],
      "permute_param { order: 0 order: 2 order: 3 order: 1 }")
    net.layer("\(name)_flat", "Flatten", ["\(name)_perm"], ["\(name)_flat"])
    return "\(name)_flat"
  }
}
