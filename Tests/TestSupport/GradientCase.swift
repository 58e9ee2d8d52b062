import Crema

/// One layer on awkward shapes.
package struct GradientCase: CustomStringConvertible, Sendable {
  package let layer: String, shapes: [Shape]
  /// The values of a bottom that is no variable, and which one it is.
  package var labels: [Float]?, labelled: Int
  /// What is added to the other values.
  package var offset: Float
  package var description: String { layer + " on " + shapes.map(\.description).joined(separator: ", ") }

  /// The layer's type, as the file names it.
  package var type: String {
    layer.split(separator: "'", omittingEmptySubsequences: false).dropFirst().first.map(String.init) ?? ""
  }

  init(_ layer: String, _ shapes: Shape..., labels: [Float]? = nil, of labelled: Int = 1, offset: Float = 0) {
    (self.layer, self.shapes, self.labels, self.labelled, self.offset) = (layer, shapes, labels, labelled, offset)
  }

  package static let all =
    [
      GradientCase("type: 'Convolution' convolution_param { num_output: 3 kernel_size: 3 }", [1, 1, 7, 13]),
      GradientCase("type: 'Convolution' convolution_param { num_output: 2 kernel_size: 3 pad: 2 }", [1, 3, 1, 3]),
      GradientCase(
        "type: 'Convolution' convolution_param { num_output: 2 kernel_size: 3 pad: 5 stride: 2 }", [1, 1, 3, 7]),
      GradientCase(
        "type: 'Convolution' convolution_param { num_output: 6 group: 3 kernel_size: 2 stride: 3 }", [2, 3, 7, 5]),
      GradientCase(
        "type: 'Convolution' convolution_param { num_output: 2 kernel_h: 1 kernel_w: 3 pad_w: 3 dilation: 1 dilation: 2 }",
        [1, 2, 3, 7]),
      GradientCase("type: 'Convolution' convolution_param { num_output: 3 kernel_size: 1 }", [3, 7, 1, 1]),
      GradientCase("type: 'Convolution' convolution_param { num_output: 3 kernel_size: 1 }", [2, 3]),
      GradientCase("type: 'Convolution' convolution_param { num_output: 2 axis: 0 kernel_size: 2 }", [3, 5, 4]),
      GradientCase(
        "type: 'Convolution' convolution_param { num_output: 2 kernel_size: 2 dilation: 3 }", [1, 2, 4, 5, 4]),
      GradientCase("type: 'Convolution' convolution_param { num_output: 2 kernel_size: 9 stride: 2 }", [1, 1, 8, 8]),
      GradientCase(
        "type: 'Convolution' bottom: 'a' bottom: 'b' top: 'y' top: 'z' convolution_param { num_output: 2 kernel_size: 3 }",
        [1, 1, 3, 7], [1, 1, 3, 7]),
      GradientCase("type: 'Pooling' pooling_param { kernel_size: 3 stride: 2 }", [1, 1, 7, 13]),
      GradientCase("type: 'Pooling' pooling_param { kernel_size: 3 stride: 2 }", [1, 1, 4, 38]),
      GradientCase("type: 'Pooling' pooling_param { kernel_size: 3 stride: 2 pad: 2 }", [2, 3, 1, 7]),
      GradientCase("type: 'Pooling' pooling_param { global_pooling: true }", [3, 1, 3, 7]),
      GradientCase("type: 'Pooling' pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 2 }", [1, 3, 7, 1]),
      GradientCase("type: 'Pooling' pooling_param { pool: AVE kernel_h: 2 kernel_w: 5 stride: 3 }", [1, 1, 7, 13]),
      GradientCase("type: 'Pooling' pooling_param { pool: AVE global_pooling: true }", [1, 1, 7, 13]),
      GradientCase("type: 'Eltwise' bottom: 'a' bottom: 'b' eltwise_param { coeff: 1 coeff: -2 }", [1, 7], [1, 7]),
      GradientCase(
        "type: 'Eltwise' bottom: 'a' bottom: 'b' bottom: 'c' eltwise_param { operation: PROD }", [3, 1], [3, 1], [3, 1]),
      GradientCase(
        "type: 'Eltwise' bottom: 'a' bottom: 'b' eltwise_param { operation: PROD stable_prod_grad: false }", [7], [7]),
      GradientCase(
        "type: 'Eltwise' bottom: 'a' bottom: 'b' bottom: 'c' eltwise_param { operation: MAX }", [13], [13], [13]),
      GradientCase("type: 'Concat' bottom: 'a' bottom: 'b'", [2, 1, 3], [2, 7, 3]),
      GradientCase("type: 'Concat' bottom: 'a' bottom: 'b' concat_param { axis: 0 }", [1, 3], [7, 3]),
      GradientCase("type: 'Split' top: 'y' top: 'z' top: 'w'", [1, 7]),
      GradientCase("type: 'ReLU' relu_param { negative_slope: 0.3 }", [1, 13]),
      GradientCase("type: 'ReLU' relu_param { negative_slope: -0.3 }", [3, 7]),
      GradientCase("type: 'BatchNorm'", [7, 3, 1, 3]),
      GradientCase("type: 'BatchNorm' batch_norm_param { eps: 0.1 }", [13, 1]),
      GradientCase("type: 'BatchNorm' batch_norm_param { use_global_stats: true }", [1, 3, 7]),
      GradientCase("type: 'Scale' scale_param { bias_term: true }", [1, 3, 7, 1]),
      GradientCase("type: 'Scale' scale_param { axis: 0 num_axes: -1 bias_term: true }", [3, 7]),
      GradientCase("type: 'Scale' bottom: 'a' bottom: 'b' scale_param { axis: 0 }", [3, 7, 3], [3, 7]),
      GradientCase("type: 'Scale' bottom: 'a' bottom: 'b' scale_param { bias_term: true }", [2, 3, 7], [3]),
      GradientCase("type: 'Bias' bottom: 'a' bottom: 'b'", [2, 3, 7], [3]),
      GradientCase("type: 'Bias'", [1, 13, 3]),
      GradientCase("type: 'InnerProduct' inner_product_param { num_output: 7 }", [1, 13]),
      GradientCase("type: 'InnerProduct' inner_product_param { num_output: 1 axis: 2 transpose: true }", [3, 1, 7]),
      GradientCase("type: 'InnerProduct' inner_product_param { num_output: 3 axis: 0 bias_term: false }", [7, 1]),
      GradientCase("type: 'Softmax'", [1, 7]),
      GradientCase("type: 'Softmax' softmax_param { axis: 0 }", [3, 7]),
      GradientCase("type: 'SoftmaxWithLoss' bottom: 'a' bottom: 'b'", [3, 7], [3], labels: [0, 6, 3]),
      GradientCase(
        "type: 'SoftmaxWithLoss' bottom: 'a' bottom: 'b' loss_param { ignore_label: 9 normalization: FULL }",
        [2, 3, 1, 3], [2, 1, 3], labels: [0, 9, 2, 1, 1, 9]),
      GradientCase("type: 'Dropout'", [1, 13]),
      GradientCase("type: 'Flatten'", [1, 3, 7]),
      GradientCase("type: 'Reshape' reshape_param { shape { dim: 7 dim: -1 } }", [1, 3, 7]),
      GradientCase("type: 'Slice' top: 'y' top: 'z' slice_param { slice_point: 1 }", [1, 7, 3]),
      GradientCase("type: 'Sigmoid'", [1, 7]),
      GradientCase("type: 'TanH'", [7]),
      GradientCase("type: 'Power' power_param { power: 2 scale: 0.5 shift: 3 }", [1, 7]),
      GradientCase("type: 'Power' power_param { power: -1.5 scale: 0.5 shift: 3 }", [3, 7]),
      GradientCase("type: 'Reduction' reduction_param { operation: SUMSQ axis: 1 coeff: 2 }", [3, 7]),
      GradientCase("type: 'Reduction' reduction_param { operation: ASUM }", [13]),
      GradientCase("type: 'EuclideanLoss' bottom: 'a' bottom: 'b'", [3, 7], [3, 7]),
      GradientCase("type: 'SigmoidCrossEntropyLoss' bottom: 'a' bottom: 'b'", [3, 1], [3, 1], labels: [0, 0.3, 1]),
      GradientCase("type: 'AbsVal'", [3, 7]),
      GradientCase("type: 'BNLL'", [1, 13]),
      GradientCase("type: 'Clip' clip_param { min: -0.2 max: 0.3 }", [1, 13]),
      GradientCase("type: 'ELU' elu_param { alpha: 0.7 }", [3, 7]),
      GradientCase("type: 'Exp' exp_param { base: 2 scale: -1.5 shift: 0.5 }", [1, 13]),
      GradientCase("type: 'Exp'", [7]),
      GradientCase("type: 'Log' log_param { base: 10 scale: -0.5 shift: 3 }", [3, 7]),
      GradientCase("type: 'Log'", [7], offset: 2),
      GradientCase("type: 'PReLU'", [2, 3, 7]),
      GradientCase("type: 'PReLU' prelu_param { channel_shared: true }", [3, 7]),
      GradientCase("type: 'Swish' swish_param { beta: 1.7 }", [1, 13]),
      GradientCase("type: 'Tile' tile_param { tiles: 3 }", [2, 3, 1]),
      GradientCase("type: 'Tile' tile_param { axis: 0 tiles: 2 }", [3, 1]),
      GradientCase(
        "type: 'Embed' embed_param { num_output: 3 input_dim: 5 }", [2, 3], labels: [4, 0, 1, 4, 4, 3], of: 0),
      GradientCase(
        "type: 'Embed' embed_param { num_output: 1 input_dim: 2 bias_term: false }", [3], labels: [1, 0, 1], of: 0),
      GradientCase("type: 'BatchReindex' bottom: 'a' bottom: 'b'", [3, 1, 7], [5], labels: [2, 0, 2, 2, 0]),
      GradientCase("type: 'Filter' bottom: 'a' bottom: 'b'", [3, 7], [3, 1], labels: [1, -2, 0.5]),
      GradientCase(
        "type: 'Filter' bottom: 'a' bottom: 'b' bottom: 'c' top: 'y' top: 'z'", [3, 7], [3], [3], labels: [1, 1, 1],
        of: 2
      ),
      GradientCase(
        "type: 'ContrastiveLoss' bottom: 'a' bottom: 'b' bottom: 'c' contrastive_loss_param { margin: 3 }", [3, 5],
        [3, 5, 1, 1], [3], labels: [1, 0, 0], of: 2),
      GradientCase(
        "type: 'ContrastiveLoss' bottom: 'a' bottom: 'b' bottom: 'c' contrastive_loss_param { margin: 9 legacy_version: true }",
        [4, 3], [4, 3], [4, 1], labels: [0, 1, 0, 0], of: 2),
      GradientCase("type: 'HingeLoss' bottom: 'a' bottom: 'b'", [3, 14], [3], labels: [0, 13, 5]),
      GradientCase(
        "type: 'HingeLoss' bottom: 'a' bottom: 'b' hinge_loss_param { norm: L2 }", [3, 7, 2], [3, 1],
        labels: [0, 13, 5]),
      GradientCase(
        "type: 'InfogainLoss' bottom: 'a' bottom: 'b' bottom: 'c'", [3, 4], [3], [4, 4], labels: [0, 3, 2]),
      GradientCase(
        "type: 'InfogainLoss' bottom: 'a' bottom: 'b' bottom: 'c' infogain_loss_param { axis: -1 } loss_param { ignore_label: 9 }",
        [3, 2, 4], [3, 2], [16], labels: [0, 9, 2, 1, 1, 9]),
      GradientCase(
        "type: 'MultinomialLogisticLoss' bottom: 'a' bottom: 'b'", [3, 7], [3], labels: [0, 6, 3], offset: 2),
      GradientCase("type: 'MVN'", [2, 3, 7]),
      GradientCase("type: 'MVN' mvn_param { across_channels: true }", [3, 2, 1, 7]),
      GradientCase("type: 'MVN' mvn_param { normalize_variance: false }", [1, 3, 7]),
      GradientCase("type: 'LRN'", [2, 7, 1, 3]),
      GradientCase("type: 'LRN' lrn_param { local_size: 3 alpha: 0.5 beta: 0.6 k: 2 }", [1, 1, 3, 1]),
      GradientCase("type: 'LRN' lrn_param { norm_region: WITHIN_CHANNEL local_size: 3 }", [1, 3, 3, 7]),
      GradientCase("type: 'LRN' lrn_param { norm_region: WITHIN_CHANNEL alpha: 2 beta: 0.5 }", [3, 1, 1, 3]),
      GradientCase(
        "type: 'Deconvolution' convolution_param { num_output: 3 kernel_size: 4 stride: 2 pad: 1 }", [1, 1, 1, 7]),
      GradientCase(
        "type: 'Deconvolution' convolution_param { num_output: 6 group: 3 kernel_size: 2 stride: 3 }", [2, 3, 1, 3]),
      GradientCase("type: 'Deconvolution' convolution_param { num_output: 3 kernel_size: 1 }", [3, 7, 1, 1]),
      GradientCase("type: 'Deconvolution' convolution_param { num_output: 2 axis: 0 kernel_size: 2 }", [3, 5, 4]),
      GradientCase(
        "type: 'Deconvolution' bottom: 'a' bottom: 'b' top: 'y' top: 'z' convolution_param { num_output: 2 kernel_size: 3 dilation: 2 }",
        [1, 1, 3, 1], [1, 1, 3, 1]),
      GradientCase("type: 'Crop' bottom: 'a' bottom: 'b' crop_param { offset: 1 }", [1, 3, 7, 4], [1, 1, 3, 3]),
      GradientCase(
        "type: 'Crop' bottom: 'a' bottom: 'b' crop_param { axis: 0 offset: 2 offset: 0 }", [3, 7], [1, 5, 1]),
      GradientCase(
        "type: 'Im2col' convolution_param { kernel_h: 1 kernel_w: 3 pad_w: 3 stride: 2 }", [2, 1, 3, 7]),
      GradientCase("type: 'Im2col' convolution_param { axis: 0 kernel_size: 2 dilation: 2 }", [3, 3, 5]),
      GradientCase("type: 'Im2col' convolution_param { kernel_size: 1 }", [1, 3, 7]),
      GradientCase("type: 'SPP' spp_param { pyramid_height: 3 }", [2, 1, 7, 13]),
      GradientCase("type: 'SPP' spp_param { pyramid_height: 2 pool: AVE }", [1, 3, 7, 3]),
      GradientCase("type: 'SPP' spp_param { pyramid_height: 1 pool: AVE }", [3, 1, 1, 7]),
      GradientCase(
        "type: 'LSTMUnit' bottom: 'a' bottom: 'b' bottom: 'c' top: 'y' top: 'z'", [1, 3, 1], [1, 3, 4], [1, 3],
        labels: [1, 0, 1], of: 2),
      GradientCase(
        "type: 'LSTMUnit' bottom: 'a' bottom: 'b' bottom: 'c' top: 'y' top: 'z'", [1, 1, 7], [1, 1, 28], [1, 1],
        labels: [1], of: 2),
      GradientCase(
        "type: 'LSTM' bottom: 'a' bottom: 'b' recurrent_param { num_output: 3 }", [4, 2, 3], [4, 2],
        labels: [0, 0, 1, 1, 1, 0, 1, 1]),
      GradientCase(
        "type: 'LSTM' bottom: 'a' bottom: 'b' bottom: 'c' recurrent_param { num_output: 2 }", [3, 1, 1, 5], [3, 1],
        [1, 3], labels: [0, 1, 1]),
      GradientCase(
        "type: 'RNN' bottom: 'a' bottom: 'b' recurrent_param { num_output: 3 }", [4, 2, 3], [4, 2],
        labels: [0, 0, 1, 0.5, 1, 0, -1, 1]),
      GradientCase(
        "type: 'RNN' bottom: 'a' bottom: 'b' bottom: 'c' recurrent_param { num_output: 1 }", [3, 2, 7], [3, 2],
        [2, 1, 3], labels: [0, 0, 1, 1, 1, 1]),
      GradientCase("type: 'Parameter' parameter_param { shape { dim: 3 dim: 7 } }"),
    ] + awkward + forks

  /// Types that are right in place too, which ReLU is if its slope is not below 0.
  package static let inPlace = all.filter { layerCase in
    [
      "ReLU", "BatchNorm", "Scale'", "Bias'", "Softmax'", "Dropout", "Sigmoid'", "TanH", "ELU", "Exp", "PReLU",
      "Swish", "BN'",
    ].contains { layerCase.layer.hasPrefix("type: '\($0)") } && !layerCase.layer.contains("negative_slope: -")
  }

  /// Values of which no two are nearer than the step of differences, and none is near zero: no kink is crossed.
  package func bottoms() -> [Tensor] {
    let all = shapes.reduce(0) { $0 + $1.count }
    var order = Array(0..<all), numbers = Numbers(5)
    for i in order.indices { order.swapAt(i, min(i, Int((numbers.next() + 1) / 2 * Float(i + 1)))) }
    var next = 0
    return shapes.enumerated().map { index, shape in
      if index == labelled, let labels { return Tensor(shape, labels) }
      defer { next += shape.count }
      return Tensor(
        shape,
        order[next..<next + shape.count].map { offset + (Float($0) - Float(all) / 2 + 0.3) * 3 / Float(max(all, 40)) })
    }
  }
}
