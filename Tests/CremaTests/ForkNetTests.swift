import Crema
import TestSupport
import Testing

/// Nets of the kinds that layers of forks are made for.
@Suite struct ForkNetTests {
  private func shapes(_ net: Net) -> [String: Shape] {
    Dictionary(net.graph.values.map { ($0.name, $0.shape) }) { _, last in last }
  }

  private func fill(_ net: Net, _ name: String, _ values: Tensor) throws {
    try #require(net.blob(name)).data.copy(values)
  }

  /// The gradients of the weights of a layer after one pass both ways.
  private func learn(_ net: Net, _ layer: String) throws -> [Float] {
    net.clearGradients()
    try net.forward()
    try net.backward()
    return try #require(net.weights(of: layer)).flatMap { $0.gradient.values }
  }

  @Test func segNetLearnsThroughItsMask() throws {
    let net = try SmallNet.net(
      """
      layer { name: "in" type: "Input" top: "x" top: "t" input_param { shape { dim: 2 dim: 2 dim: 7 dim: 6 } } }
      layer { name: "c1" type: "Convolution" bottom: "x" top: "c1"
        convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
      layer { name: "bn" type: "BN" bottom: "c1" top: "c1" bn_param { scale_filler { value: 1 } shift_filler { value: 0 } } }
      layer { name: "relu" type: "ReLU6" bottom: "c1" top: "c1" }
      layer { name: "pool" type: "Pooling" bottom: "c1" top: "p" top: "mask" pooling_param { kernel_size: 2 stride: 2 } }
      layer { name: "up" type: "Upsample" bottom: "p" bottom: "mask" top: "u"
        upsample_param { upsample_h: 7 upsample_w: 6 } }
      layer { name: "c2" type: "Convolution" bottom: "u" top: "c2"
        convolution_param { num_output: 2 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
      layer { name: "loss" type: "SmoothL1Loss" bottom: "c2" bottom: "t" top: "loss" }
      """)
    #expect(shapes(net)["p"] == [2, 4, 4, 3])
    #expect(shapes(net)["u"] == [2, 4, 7, 6])
    try fill(net, "x", random([2, 2, 7, 6]))
    try fill(net, "t", random([2, 2, 7, 6], 5))
    let gradients = try learn(net, "c1")
    #expect(gradients.allSatisfy { $0.isFinite })
    #expect(gradients.contains { abs($0) > 1e-4 })
  }

  @Test func regionsLearn() throws {
    let net = try SmallNet.net(
      """
      force_backward: true
      layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 9 dim: 9 } } }
      layer { name: "rois" type: "Input" top: "rois" input_param { shape { dim: 3 dim: 5 } } }
      layer { name: "c" type: "Convolution" bottom: "x" top: "c"
        convolution_param { num_output: 8 kernel_size: 3 weight_filler { type: "xavier" } } }
      layer { name: "roi" type: "ROIPooling" bottom: "c" bottom: "rois" top: "roi"
        roi_pooling_param { pooled_h: 2 pooled_w: 2 spatial_scale: 0.5 } }
      layer { name: "ps" type: "PSROIPooling" bottom: "c" bottom: "rois" top: "ps"
        psroi_pooling_param { output_dim: 2 group_size: 2 spatial_scale: 0.5 } }
      layer { name: "sum" type: "Reduction" bottom: "roi" top: "sum" loss_weight: 1 }
      layer { name: "sum2" type: "Reduction" bottom: "ps" top: "sum2" loss_weight: 1 }
      """)
    #expect(shapes(net)["roi"] == [3, 8, 2, 2])
    #expect(shapes(net)["ps"] == [3, 2, 2, 2])
    try fill(net, "x", random([2, 3, 9, 9]))
    try fill(net, "rois", Tensor([3, 5], [0, 0, 0, 13, 13, 1, 2, 2, 8, 10, 1, 0, 4, 12, 12]))
    let gradients = try learn(net, "c")
    #expect(gradients.contains { abs($0) > 1e-4 })
    try fill(net, "rois", Tensor([3, 5], [0, 0, 0, 13, 13, 4, 2, 2, 8, 10, 1, 0, 4, 12, 12]))
    let error = try #require(throws: (any Error).self) { try net.forward() }
    #expect("\(error)".contains("region 1 is of image 4.0"))
  }

  @Test func anSSDFinds() throws {
    let head = { (name: String, outputs: Int) in
      """
      layer { name: "\(name)" type: "Convolution" bottom: "n" top: "\(name)"
        convolution_param { num_output: \(outputs) kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
      layer { name: "\(name)_perm" type: "Permute" bottom: "\(name)" top: "\(name)_perm"
        permute_param { order: 0 order: 2 order: 3 order: 1 } }
      layer { name: "\(name)_flat" type: "Flatten" bottom: "\(name)_perm" top: "\(name)_flat" }
      """
    }
    let net = try SmallNet.net(
      """
      layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 16 dim: 16 } } }
      layer { name: "dw" type: "ConvolutionDepthwise" bottom: "x" top: "f"
        convolution_param { num_output: 3 kernel_size: 3 stride: 2 pad: 1 weight_filler { type: "xavier" } } }
      layer { name: "norm" type: "Normalize" bottom: "f" top: "n"
        norm_param { across_spatial: false channel_shared: false scale_filler { value: 20 } } }
      \(head("loc", 16))
      \(head("conf", 12))
      layer { name: "prior" type: "PriorBox" bottom: "n" bottom: "x" top: "prior"
        prior_box_param { min_size: 3 max_size: 5 aspect_ratio: 2 variance: 0.1 } }
      layer { name: "shape" type: "Reshape" bottom: "conf_flat" top: "s" reshape_param { shape { dim: 0 dim: -1 dim: 3 } } }
      layer { name: "soft" type: "Softmax" bottom: "s" top: "soft" softmax_param { axis: 2 } }
      layer { name: "flat" type: "Flatten" bottom: "soft" top: "scores" }
      layer { name: "out" type: "DetectionOutput" bottom: "loc_flat" bottom: "scores" bottom: "prior" top: "out"
        detection_output_param { num_classes: 3 code_type: CENTER_SIZE keep_top_k: 7 nms_param { nms_threshold: 0.4 } } }
      """)
    #expect(shapes(net)["prior"] == [1, 2, 8 * 8 * 4 * 4])
    #expect(shapes(net)["scores"] == [2, 8 * 8 * 4 * 3])
    #expect(shapes(net)["out"] == [1, 1, 14, 7])
    try fill(net, "x", random([2, 3, 16, 16]))
    try net.forward()
    let out = try #require(net.blob("out")).data.values
    #expect((0..<14).map { out[$0 * 7] } == Array(repeating: 0, count: 7) + Array(repeating: 1, count: 7))
    #expect((0..<14).allSatisfy { [1, 2].contains(out[$0 * 7 + 1]) && out[$0 * 7 + 2] > 0.3 })
    // The top has as many rows as there are finds: with equal images as many for each.
    try fill(net, "x", Tensor([2, 3, 16, 16]))
    try net.forward()
    let fewer = try #require(net.blob("out")).data
    #expect(fewer.shape == [1, 1, fewer.shape[2], 7] && fewer.shape[2] % 2 == 0 && fewer.shape[2] > 0)
    #expect((0..<fewer.shape[2]).allSatisfy { fewer.values[$0 * 7] == ($0 < fewer.shape[2] / 2 ? 0 : 1) })
  }
}
