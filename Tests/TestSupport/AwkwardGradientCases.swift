import Crema

extension GradientCase {
  /// Single images and rows, odd sides, groups, dilations, and borders wider than half a window.
  static let awkward = [
    GradientCase(
      "type: 'Convolution' convolution_param { num_output: 3 group: 3 kernel_size: 3 pad: 3 dilation: 2 }",
      [1, 3, 7, 3]),
    GradientCase(
      "type: 'Convolution' convolution_param { num_output: 6 group: 3 kernel_size: 3 stride: 2 pad: 2 }", [3, 3, 1, 7]),
    GradientCase(
      "type: 'Convolution' convolution_param { num_output: 4 group: 2 kernel_size: 5 pad: 4 dilation: 3 }",
      [1, 2, 7, 13]),
    GradientCase("type: 'Convolution' convolution_param { num_output: 1 kernel_size: 1 pad: 2 }", [1, 1, 1, 1]),
    GradientCase(
      "type: 'Deconvolution' convolution_param { num_output: 2 kernel_size: 3 pad: 2 stride: 2 }", [1, 1, 3, 7]),
    GradientCase(
      "type: 'Deconvolution' convolution_param { num_output: 3 group: 3 kernel_size: 4 stride: 2 pad: 1 bias_term: false }",
      [1, 3, 7, 1]),
    GradientCase(
      "type: 'Deconvolution' convolution_param { num_output: 4 group: 2 kernel_size: 3 pad: 3 dilation: 3 stride: 2 }",
      [1, 2, 3, 3]),
    GradientCase("type: 'Im2col' convolution_param { kernel_size: 3 pad: 4 dilation: 2 stride: 3 }", [1, 3, 7, 3]),
    GradientCase(
      "type: 'Pooling' pooling_param { kernel_h: 7 kernel_w: 3 stride: 3 pad_h: 5 pad_w: 2 }", [1, 3, 7, 13]),
    GradientCase(
      "type: 'Pooling' pooling_param { pool: AVE kernel_h: 7 kernel_w: 3 stride: 3 pad_h: 6 pad_w: 2 }", [1, 1, 3, 13]),
    GradientCase("type: 'Pooling' pooling_param { pool: AVE kernel_size: 2 stride: 2 }", [3, 1, 7, 13]),
    GradientCase("type: 'Pooling' pooling_param { pool: AVE kernel_size: 3 stride: 1 pad: 1 }", [1, 3, 13, 7]),
    GradientCase("type: 'Softmax' softmax_param { axis: 1 }", [1, 3, 7, 13]),
    GradientCase(
      "type: 'SoftmaxWithLoss' bottom: 'a' bottom: 'b' softmax_param { axis: 2 }", [1, 3, 7, 1], [1, 3, 1],
      labels: [6, 0, 3]),
    GradientCase("type: 'PReLU'", [1, 13, 1, 1]),
    GradientCase("type: 'PReLU' prelu_param { channel_shared: true }", [1, 1, 7, 3]),
    GradientCase("type: 'ELU'", [1, 3, 7, 13]),
    GradientCase("type: 'Dropout' dropout_param { dropout_ratio: 0.7 }", [3, 1, 7, 1]),
    GradientCase(
      "type: 'Eltwise' bottom: 'a' bottom: 'b' bottom: 'c' eltwise_param { operation: MAX }", [1, 1, 7, 13],
      [1, 1, 7, 13], [1, 1, 7, 13]),
    GradientCase(
      "type: 'Eltwise' bottom: 'a' bottom: 'b' eltwise_param { operation: PROD }", [1, 3, 1, 13], [1, 3, 1, 13]),
    GradientCase("type: 'Scale'", [1, 1, 7, 13]),
    GradientCase("type: 'Scale' scale_param { axis: 2 num_axes: 2 bias_term: true }", [3, 1, 1, 7]),
    GradientCase("type: 'Scale' bottom: 'a' bottom: 'b' scale_param { axis: 0 }", [1, 3, 7, 3], [1, 3]),
    GradientCase("type: 'Bias' bias_param { axis: 1 num_axes: 2 }", [3, 1, 7, 13]),
    GradientCase("type: 'LRN' lrn_param { local_size: 7 alpha: 0.5 }", [1, 3, 7, 1]),
    GradientCase("type: 'LRN' lrn_param { local_size: 3 alpha: 2 beta: 0.5 }", [3, 13, 1, 1]),
    GradientCase("type: 'LRN' lrn_param { local_size: 5 alpha: 1 beta: 0.75 }", [1, 7, 3, 7]),
    GradientCase(
      "type: 'Normalize' norm_param { across_spatial: false channel_shared: false }", [1, 13, 3, 7], offset: 1),
    GradientCase("type: 'Normalize' norm_param { channel_shared: false }", [1, 3, 1, 13], offset: 1),
    GradientCase("type: 'Permute' permute_param { order: 0 order: 2 order: 3 order: 1 }", [1, 7, 3, 13]),
    GradientCase("type: 'Permute' permute_param { order: 3 order: 1 order: 0 }", [1, 3, 7, 1]),
    GradientCase("type: 'Interp' interp_param { height: 13 width: 1 }", [1, 3, 7, 3]),
    GradientCase("type: 'Interp' interp_param { zoom_factor: 2 }", [1, 3, 1, 13]),
    GradientCase(
      "type: 'LSTM' bottom: 'a' bottom: 'b' recurrent_param { num_output: 13 }", [1, 1, 7], [1, 1], labels: [0]),
    GradientCase(
      "type: 'LSTM' bottom: 'a' bottom: 'b' recurrent_param { num_output: 1 }", [7, 3, 1], [7, 3],
      labels: [0, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0]),
    GradientCase(
      "type: 'RNN' bottom: 'a' bottom: 'b' recurrent_param { num_output: 7 }", [3, 1, 13], [3, 1], labels: [0, 1, 1]),
    GradientCase("type: 'BatchNorm'", [3, 1, 7, 13]),
    GradientCase("type: 'MVN'", [1, 1, 7, 13]),
    GradientCase("type: 'BatchReindex' bottom: 'a' bottom: 'b'", [1, 3, 7], [3], labels: [0, 0, 0]),
    GradientCase("type: 'ShuffleChannel' shuffle_channel_param { group: 7 }", [1, 7, 3, 13]),
    GradientCase("type: 'L2Normalization'", [1, 13], offset: 1),
    GradientCase("type: 'Upsample' upsample_param { scale: 2 }", [1, 3, 7, 13]),
    GradientCase("type: 'InnerProduct' inner_product_param { num_output: 13 }", [3, 1, 7, 1]),
    GradientCase("type: 'Concat' bottom: 'a' bottom: 'b' concat_param { axis: 2 }", [1, 3, 1, 7], [1, 3, 13, 7]),
    GradientCase(
      "type: 'SigmoidCrossEntropyLoss' bottom: 'a' bottom: 'b'", [1, 13], [1, 13],
      labels: [0, 1, 1, 0, 0.5, 1, 0, 0, 1, 1, 0, 1, 0]),
  ]
}
