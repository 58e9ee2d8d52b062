import Crema
import Prototxt
import TestSupport
import Testing

/// What layers of Caffe's forks say of parameters and shapes that they cannot take.
@Suite struct ForkErrorTests {
  private static let two = "bottom: 'a' bottom: 'b'", three = "bottom: 'a' bottom: 'b' bottom: 'c'"

  static let mistakes: [(layer: String, shapes: [Shape], message: String)] = [
    ("type: 'Permute' permute_param { order: 1 order: 1 }", [[1, 2]], "order has axis 1 twice"),
    (
      "type: 'Permute' permute_param { order: 0 order: 4 }", [[1, 2, 3, 4]],
      "order has axis 4, and the bottom has 4 axes"
    ),
    ("type: 'Normalize' norm_param { eps: -1 }", [[1, 2]], "eps must not be negative"),
    ("type: 'Normalize'", [[3]], "the bottom must have 2 axes or more"),
    (
      "type: 'Normalize' norm_param { scale_filler { type: 'uniformly' } }", [[1, 2]],
      "the filler 'uniformly' is unknown"
    ),
    ("type: 'Interp'", [[1, 1, 2, 2]], "the size of the top is missing"),
    ("type: 'Interp' interp_param { height: 3 }", [[1, 1, 2, 2]], "the size of the top is missing"),
    ("type: 'Interp' interp_param { zoom_factor: 0 }", [[1, 1, 2, 2]], "zoom_factor must be 1 or more, not 0"),
    ("type: 'Interp' interp_param { height: 3 width: -1 }", [[1, 1, 2, 2]], "width must be 1 or more, not -1"),
    ("type: 'Interp' interp_param { zoom_factor: 2 pad_beg: 1 }", [[1, 1, 2, 2]], "pad_beg must be 0 or less"),
    ("type: 'Interp' interp_param { zoom_factor: 2 pad_end: -2 }", [[1, 1, 2, 3]], "nothing is left of the bottom"),
    ("type: 'Interp' interp_param { zoom_factor: 2 }", [[1, 2, 3]], "the bottom must have 4 axes"),
    (
      "type: 'Interp' interp_param { height: 2147483647 width: 2147483647 }", [[1, 1, 2, 2]],
      "more than the 2147483647 elements"
    ),
    ("type: 'Upsample' upsample_param { scale: 0 }", [[1, 1, 2, 2]], "scale must be 1 or more, not 0"),
    ("type: 'Upsample' upsample_param { scale_h: 2 scale_w: 2 }", [[1, 1, 2, 2]], "without a mask as second bottom"),
    ("type: 'Upsample' upsample_param { scale: 50000 }", [[1, 1, 2, 2]], "more than the 2147483647 elements"),
    (
      "type: 'Upsample' \(two) upsample_param { scale: 1 }", [[1, 1, 2, 2], [1, 1, 2, 2]],
      "scale must be 2 or more, not 1"
    ),
    (
      "type: 'Upsample' \(two) upsample_param { upsample_h: 4 }", [[1, 1, 2, 2], [1, 1, 2, 2]], "upsample_w is missing"
    ),
    (
      "type: 'Upsample' \(two) upsample_param { scale: 2 scale_h: 2 scale_w: 2 }", [[1, 1, 2, 2], [1, 1, 2, 2]],
      "scale and scale_h, scale_w are both given"
    ),
    (
      "type: 'Upsample' \(two) upsample_param { scale: 3 pad_out_h: true }", [[1, 1, 2, 2], [1, 1, 2, 2]],
      "pad_out_h needs a scale of 2, not 3"
    ),
    ("type: 'Upsample' \(two)", [[1, 1, 2, 2], [1, 1, 2, 3]], "the mask must have the shape of bottom 0"),
    ("type: 'ShuffleChannel' shuffle_channel_param { group: 0 }", [[1, 4]], "group must be 1 or more, not 0"),
    ("type: 'ShuffleChannel' shuffle_channel_param { group: 3 }", [[1, 4]], "group 3 does not divide the 4 channels"),
    ("type: 'Axpy' \(three)", [[2, 3], [2, 3, 4], [2, 3, 5]], "bottoms 1 and 2 must have one shape"),
    ("type: 'Axpy' \(three)", [[2, 3, 2], [2, 3, 4], [2, 3, 4]], "one factor for each image and channel"),
    (
      "type: 'CropCenter' crop_center_param { crop_size: 1 }", [[3, 3]], "there are 1 crop_size for a bottom of 2 axes"
    ),
    (
      "type: 'CropCenter' crop_center_param { crop_size: 0 crop_size: 2 }", [[3, 4]],
      "crop_size 2 at both ends leaves nothing of axis 1, which is 4 long"
    ),
    ("type: 'Reorg'", [[1, 4, 2, 2]], "stride is missing"),
    ("type: 'Reorg' reorg_param { stride: 0 }", [[1, 4, 2, 2]], "stride must be from 1"),
    ("type: 'Reorg' reorg_param { stride: 2 }", [[1, 3, 2, 2]], "the 3 channels of the bottom"),
    ("type: 'Reorg' reorg_param { stride: 2 }", [[1, 4, 2, 3]], "stride 2 must divide the height and width"),
    ("type: 'L2Normalization'", [[]], "the bottom is a scalar"),
    ("type: 'BN' bn_param { bn_mode: LEARN eps: 0.1 }", [[1, 2]], "bn_mode is a field of SegNet's BN"),
    ("type: 'BN' top: 'y' top: 'm'", [[1, 2]], "only SegNet's bn_mode: LEARN has tops for means and variances"),
    ("type: 'BN' bn_param { eps: -1 }", [[1, 2]], "eps must not be negative"),
    (
      "type: 'SmoothL1Loss' \(two) smooth_l1_loss_param { sigma: 0 }", [[2, 3], [2, 3]],
      "sigma must be above 0, not 0.0"
    ),
    ("type: 'SmoothL1Loss' \(two)", [[2, 3], [2, 4]], "all bottoms must have as many values an image"),
    ("type: 'ROIPooling' \(two)", [[1, 1, 2, 2], [3, 5]], "pooled_h is missing"),
    (
      "type: 'ROIPooling' \(two) roi_pooling_param { pooled_h: 2 pooled_w: 2 spatial_scale: 0 }",
      [[1, 1, 2, 2], [3, 5]],
      "spatial_scale must be above 0"
    ),
    (
      "type: 'ROIPooling' \(two) roi_pooling_param { pooled_h: 2 pooled_w: 2 }", [[1, 1, 2, 2], [3, 4]],
      "bottom 1 must have 5 values for each region"
    ),
    (
      "type: 'PSROIPooling' \(two) psroi_pooling_param { spatial_scale: 1 output_dim: 2 group_size: 2 }",
      [[1, 6, 2, 2], [3, 5]], "must have output_dim · group_size² = 8 channels"
    ),
    (
      "type: 'PSROIPooling' \(two) psroi_pooling_param { spatial_scale: 1 output_dim: 0 group_size: 2 }",
      [[1, 6, 2, 2], [3, 5]], "output_dim must be from 1"
    ),
    ("type: 'PriorBox' \(two)", [[1, 1, 2, 2], [1, 3, 9, 9]], "min_size is missing"),
    (
      "type: 'PriorBox' \(two) prior_box_param { min_size: 0 }", [[1, 1, 2, 2], [1, 3, 9, 9]],
      "min_size must be 1 or more"
    ),
    (
      "type: 'PriorBox' \(two) prior_box_param { min_size: 3 max_size: 3 }", [[1, 1, 2, 2], [1, 3, 9, 9]],
      "max_size must be larger than min_size, 3.0"
    ),
    (
      "type: 'PriorBox' \(two) prior_box_param { min_size: 3 max_size: 4 max_size: 5 }",
      [[1, 1, 2, 2], [1, 3, 9, 9]],
      "there are 2 max_size for 1 min_size"
    ),
    (
      "type: 'PriorBox' \(two) prior_box_param { min_size: 3 variance: 1 variance: 2 }",
      [[1, 1, 2, 2], [1, 3, 9, 9]],
      "there are 2 variance; give one, or four"
    ),
    (
      "type: 'PriorBox' \(two) prior_box_param { min_size: 3 img_size: 9 img_h: 9 img_w: 9 }",
      [[1, 1, 2, 2], [1, 3, 9, 9]], "img_size and img_h, img_w are both given"
    ),
    (
      "type: 'PriorBox' \(two) prior_box_param { min_size: 3 step_h: 4 }", [[1, 1, 2, 2], [1, 3, 9, 9]],
      "step_w must be above 0, not 0.0"
    ),
    (
      "type: 'PriorBox' \(two) prior_box_param { min_size: 3 aspect_ratio: -1 }", [[1, 1, 2, 2], [1, 3, 9, 9]],
      "aspect_ratio must be above 0"
    ),
    ("type: 'DetectionOutput' \(three)", [[1, 8], [1, 6], [1, 2, 8]], "num_classes is missing"),
    (
      "type: 'DetectionOutput' \(three) detection_output_param { num_classes: 3 nms_param { eta: 0 } }",
      [[1, 8], [1, 6], [1, 2, 8]], "eta must be above 0 and at most 1"
    ),
    (
      "type: 'DetectionOutput' \(three) detection_output_param { num_classes: 3 }", [[1, 8], [1, 6], [1, 2, 7]],
      "bottom 2 must be the boxes of PriorBox layers"
    ),
    (
      "type: 'DetectionOutput' \(three) detection_output_param { num_classes: 3 share_location: false }",
      [[1, 8], [1, 6], [1, 2, 8]], "there are 8 movements an image (1x8) for 2 boxes; there must be 12 for each"
    ),
    (
      "type: 'DetectionOutput' \(three) detection_output_param { num_classes: 4 }", [[1, 8], [1, 6], [1, 2, 8]],
      "there are 6 scores an image (1x6) for 2 boxes; there must be 4 for each"
    ),
  ]

  @Test(arguments: mistakes.indices)
  func mistakesAreNamed(_ index: Int) {
    let mistake = ForkErrorTests.mistakes[index]
    var found = ""
    do { _ = try makeLayer(mistake.layer).plan(mistake.shapes) } catch {
      found = (error as? Diagnostic)?.message ?? (error as? ShapeError)?.message ?? "\(error)"
    }
    #expect(found.contains(mistake.message), "\(mistake.layer): '\(found)'")
  }
}
