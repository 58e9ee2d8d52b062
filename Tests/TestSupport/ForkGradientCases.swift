import Crema

extension GradientCase {
  /// Layers of Caffe's forks.
  static let forks = [
    GradientCase("type: 'ReLU6'", [1, 13]),
    GradientCase("type: 'ReLU6' relu6_param { negative_slope: 0.2 }", [3, 7], offset: 6),
    GradientCase("type: 'ReLU6' relu_param { negative_slope: -0.3 }", [3, 7]),
    GradientCase("type: 'Permute' permute_param { order: 0 order: 2 order: 3 order: 1 }", [2, 3, 1, 7]),
    GradientCase("type: 'Permute' permute_param { order: 2 order: 0 }", [3, 1, 7]),
    GradientCase("type: 'Permute' permute_param { order: 0 }", [1, 13]),
    GradientCase("type: 'Normalize'", [2, 3, 1, 3]),
    GradientCase("type: 'Normalize' norm_param { channel_shared: false eps: 0.1 }", [1, 3, 7]),
    GradientCase("type: 'Normalize' norm_param { across_spatial: false }", [3, 7, 1, 1], offset: 1),
    GradientCase(
      "type: 'Normalize' norm_param { across_spatial: false channel_shared: false }", [1, 3, 7, 1], offset: 1),
    GradientCase("type: 'L2Normalization'", [3, 7]),
    GradientCase("type: 'Interp' interp_param { zoom_factor: 3 }", [1, 1, 3, 7]),
    GradientCase("type: 'Interp' interp_param { shrink_factor: 2 pad_beg: -1 }", [2, 3, 7, 5]),
    GradientCase("type: 'Interp' interp_param { height: 1 width: 13 pad_end: -1 }", [1, 3, 3, 7]),
    GradientCase("type: 'Interp' interp_param { height: 3 width: 7 }", [1, 1, 3, 7]),
    GradientCase("type: 'Interp' interp_param { shrink_factor: 3 zoom_factor: 2 }", [3, 1, 7, 13]),
    GradientCase("type: 'Upsample' upsample_param { scale: 3 }", [2, 1, 3, 1]),
    GradientCase(
      "type: 'Upsample' bottom: 'a' bottom: 'b' upsample_param { upsample_h: 3 upsample_w: 7 }", [1, 3, 1, 3],
      [1, 3, 1, 3], labels: [20.5, 0.5, 3.5, 1.5, 7.5, 2.5, 0.5, 19.5, 20.5]),
    GradientCase(
      "type: 'Upsample' bottom: 'a' bottom: 'b' upsample_param { scale: 2 pad_out_w: true }", [2, 1, 1, 2],
      [2, 1, 1, 2], labels: [0.5, 5.5, 2.5, 3.5]),
    GradientCase("type: 'ShuffleChannel' shuffle_channel_param { group: 3 }", [2, 6, 1, 3]),
    GradientCase("type: 'Axpy' bottom: 'a' bottom: 'b' bottom: 'c'", [2, 3], [2, 3, 7, 1], [2, 3, 7, 1]),
    GradientCase("type: 'Axpy' bottom: 'a' bottom: 'b' bottom: 'c'", [1, 3, 1, 1], [1, 3], [1, 3]),
    GradientCase(
      "type: 'CropCenter' crop_center_param { crop_size: 0 crop_size: 0 crop_size: 1 crop_size: 3 }", [2, 1, 3, 7]),
    GradientCase("type: 'CropCenter' crop_center_param { crop_size: 1 crop_size: 2 }", [3, 7]),
    GradientCase("type: 'Reorg' reorg_param { stride: 2 }", [2, 4, 2, 6]),
    GradientCase("type: 'Reorg' reorg_param { stride: 3 reverse: true }", [1, 9, 1, 3]),
    GradientCase("type: 'BN' bn_param { eps: 0.1 momentum: 0.7 }", [3, 3, 1, 3]),
    GradientCase("type: 'BN' bn_param { frozen: true }", [1, 3, 7]),
    GradientCase("type: 'BN' bn_param { bn_mode: LEARN }", [7, 3, 1, 3]),
    GradientCase("type: 'BN' bn_param { bn_mode: INFERENCE }", [2, 3, 7]),
    GradientCase("type: 'SmoothL1Loss' bottom: 'a' bottom: 'b'", [3, 7], [3, 7]),
    GradientCase(
      "type: 'SmoothL1Loss' bottom: 'a' bottom: 'b' bottom: 'c' bottom: 'd' smooth_l1_loss_param { sigma: 1.5 }",
      [1, 7],
      [1, 7], [1, 7], [1, 7]),
    GradientCase(
      "type: 'SmoothL1Loss' bottom: 'a' bottom: 'b' bottom: 'c' loss_param { normalization: FULL }", [3, 2, 1, 3],
      [3, 2, 1, 3], [3, 2, 1, 3]),
    GradientCase(
      "type: 'ROIPooling' bottom: 'a' bottom: 'b' roi_pooling_param { pooled_h: 2 pooled_w: 3 spatial_scale: 0.5 }",
      [2, 3, 7, 5], [3, 5], labels: [0.5, 0.2, 0.2, 8.2, 12.2, 1.5, 3.8, 4.2, 20.2, 6.2, 1.5, -30.2, 2.2, -9.2, 5.2]),
    GradientCase(
      "type: 'PSROIPooling' bottom: 'a' bottom: 'b' psroi_pooling_param { spatial_scale: 0.5 output_dim: 3 group_size: 2 }",
      [2, 12, 3, 7], [3, 5], labels: [0.5, 0.2, 0.2, 8.2, 5.2, 1.5, 3.8, 1.2, 20.2, 6.2, 1.5, 1.2, 1.2, 1.2, 1.2]),
    GradientCase(
      "type: 'PriorBox' bottom: 'a' bottom: 'b' prior_box_param { min_size: 30 aspect_ratio: 2 }", [1, 3, 1, 2],
      [1, 1, 3, 7]),
  ]
}
