import Prototxt

/// The parameters of layers, and fields of Caffe's own parameters, that forks of Caffe have: names, numbers, types and defaults as the forks define them.
///
/// Forks use one number for different things, and Caffe's own numbers too. So the fields are read from texts and have no
/// binary form; numbers only decide the order of printing.
enum ForkSchema {
  /// What is added to Caffe's own messages, Crema's own fields included.
  static let additions = MessageType.Additions(
    fields: CremaSchema.fields.merging(
      ["LayerParameter": layer, "DropoutParameter": dropout, "LossParameter": loss]) { $0 + $1 },
    values: [
      "Engine": [(name: "MKL2017", number: 3), (name: "MKLDNN", number: 4)],
      "NormalizationMode": [(name: "PRE_FIXED", number: 4)],
    ])

  private static let layer: [FieldType] = [
    field("interp_param", 143, message("InterpParameter", interp)),
    field("reorg_param", 149, message("ReorgParameter", reorg)),
    field("bn_param", 152, message("BNParameter", bn)),
    field("upsample_param", 137, message("UpsampleParameter", upsample)),
    field("shuffle_channel_param", 164, message("ShuffleChannelParameter", shuffleChannel)),
    field("proposal_param", 201, message("ProposalParameter", proposal)),
    field("permute_param", 202, message("PermuteParameter", permute)),
    field("prior_box_param", 203, message("PriorBoxParameter", priorBox)),
    field("detection_output_param", 204, message("DetectionOutputParameter", detectionOutput)),
    field("norm_param", 206, message("NormalizeParameter", normalize)),
    field("relu6_param", 211, .message(CaffeSchema.relu)),
    field("crop_center_param", 1000, message("CropCenterParameter", cropCenter)),
    field("psroi_pooling_param", 10001, message("PSROIPoolingParameter", psroiPooling)),
    field("roi_pooling_param", 8_266_711, message("ROIPoolingParameter", roiPooling)),
    field("smooth_l1_loss_param", 8_266_712, message("SmoothL1LossParameter", smoothL1)),
  ]

  /// Fast R-CNN's, and SegNet's.
  private static let dropout = [
    field("scale_train", 2, .bool, .bool(true)), field("sample_weights_test", 3, .bool),
  ]

  /// R-FCN's.
  private static let loss = [field("pre_fixed_normalizer", 4, .float, number(1))]

  // MARK: Segmentation: DeepLab, PSPNet, SegNet

  private static let interp = [
    field("height", 1, .int32), field("width", 2, .int32), field("zoom_factor", 3, .int32, .int(1)),
    field("shrink_factor", 4, .int32, .int(1)), field("pad_beg", 5, .int32), field("pad_end", 6, .int32),
  ]

  /// PSPNet's fields (four blobs), and behind them SegNet's (two blobs), whose own numbers are 1 to 3.
  private static let bn = [
    field("slope_filler", 1, .message(CaffeSchema.filler)), field("bias_filler", 2, .message(CaffeSchema.filler)),
    field("momentum", 3, .float, number(0.9)), field("eps", 4, .float, number(1e-5)), field("frozen", 5, .bool),
    field("engine", 6, enumeration("Engine", ["DEFAULT", "CAFFE", "CUDNN"])),
    field("scale_filler", 7, .message(CaffeSchema.filler)), field("shift_filler", 8, .message(CaffeSchema.filler)),
    field("bn_mode", 9, enumeration("BNMode", ["LEARN", "INFERENCE"])),
  ]

  private static let upsample = [
    field("scale", 1, .uint32, .uint(2)), field("scale_h", 2, .uint32), field("scale_w", 3, .uint32),
    field("pad_out_h", 4, .bool), field("pad_out_w", 5, .bool), field("upsample_h", 6, .uint32),
    field("upsample_w", 7, .uint32),
  ]

  // MARK: SSD

  private static let permute = [repeated("order", 1, .uint32)]

  private static let normalize = [
    field("across_spatial", 1, .bool, .bool(true)), field("scale_filler", 2, .message(CaffeSchema.filler)),
    field("channel_shared", 3, .bool, .bool(true)), field("eps", 4, .float, number(1e-10)),
  ]

  private static let priorBox = [
    repeated("min_size", 1, .float), repeated("max_size", 2, .float), repeated("aspect_ratio", 3, .float),
    field("flip", 4, .bool, .bool(true)), field("clip", 5, .bool), repeated("variance", 6, .float),
    field("img_size", 7, .uint32), field("img_h", 8, .uint32), field("img_w", 9, .uint32), field("step", 10, .float),
    field("step_h", 11, .float), field("step_w", 12, .float), field("offset", 13, .float, number(0.5)),
  ]

  private static let detectionOutput = [
    field("num_classes", 1, .uint32), field("share_location", 2, .bool, .bool(true)),
    field("background_label_id", 3, .int32), field("nms_param", 4, message("NonMaximumSuppressionParameter", nms)),
    field("save_output_param", 5, message("SaveOutputParameter", saveOutput)),
    field("code_type", 6, enumeration("CodeType", ["CORNER", "CENTER_SIZE", "CORNER_SIZE"], from: 1)),
    field("keep_top_k", 7, .int32, .int(-1)), field("variance_encoded_in_target", 8, .bool),
    field("confidence_threshold", 9, .float), field("visualize", 10, .bool),
    field("visualize_threshold", 11, .float), field("save_file", 12, .string),
  ]

  private static let nms = [
    field("nms_threshold", 1, .float, number(0.3)), field("top_k", 2, .int32), field("eta", 3, .float, number(1)),
  ]

  private static let saveOutput = [
    field("output_directory", 1, .string), field("output_name_prefix", 2, .string),
    field("output_format", 3, .string), field("label_map_file", 4, .string), field("name_size_file", 5, .string),
    field("num_test_image", 6, .uint32), field("resize_param", 7, message("ResizeParameter", resize)),
  ]

  private static let resize = [
    field("prob", 1, .float, number(1)),
    field("resize_mode", 2, enumeration("Resize_mode", ["WARP", "FIT_SMALL_SIZE", "FIT_LARGE_SIZE_AND_PAD"], from: 1)),
    field("height", 3, .uint32), field("width", 4, .uint32),
    field("pad_mode", 5, enumeration("Pad_mode", ["CONSTANT", "MIRRORED", "REPEAT_NEAREST"], from: 1)),
    repeated("pad_value", 6, .float),
    repeated(
      "interp_mode", 7, enumeration("Interp_mode", ["LINEAR", "AREA", "NEAREST", "CUBIC", "LANCZOS4"], from: 1)),
    field("height_scale", 8, .uint32), field("width_scale", 9, .uint32),
  ]

  // MARK: Fast R-CNN, R-FCN

  private static let roiPooling = [
    field("pooled_h", 1, .uint32), field("pooled_w", 2, .uint32), field("spatial_scale", 3, .float, number(1)),
  ]

  private static let psroiPooling = [
    FieldType("spatial_scale", number: 1, .float, label: .required),
    FieldType("output_dim", number: 2, .int32, label: .required),
    FieldType("group_size", number: 3, .int32, label: .required),
  ]

  private static let proposal = [
    field("feat_stride", 1, .uint32, .uint(16)), field("base_size", 2, .uint32, .uint(16)),
    field("min_size", 3, .uint32, .uint(16)), repeated("ratio", 4, .float), repeated("scale", 5, .float),
    field("pre_nms_topn", 6, .uint32, .uint(6000)), field("post_nms_topn", 7, .uint32, .uint(300)),
    field("nms_thresh", 8, .float, number(0.7)),
  ]

  private static let smoothL1 = [field("sigma", 1, .float, number(1))]

  // MARK: Others

  private static let reorg = [field("stride", 1, .uint32), field("reverse", 2, .bool)]
  private static let shuffleChannel = [field("group", 1, .uint32, .uint(1))]
  private static let cropCenter = [repeated("crop_size", 1, .uint32)]

  // MARK: Parts of the tables

  private static func field(
    _ name: String, _ number: Int, _ kind: FieldType.Kind, _ value: Message.Value? = nil
  ) -> FieldType {
    FieldType(name, number: number, kind, default: value)
  }

  private static func repeated(_ name: String, _ number: Int, _ kind: FieldType.Kind) -> FieldType {
    FieldType(name, number: number, kind, label: .repeated)
  }

  private static func message(_ name: String, _ fields: [FieldType]) -> FieldType.Kind {
    .message(MessageType(name, fields))
  }

  private static func enumeration(_ name: String, _ values: [String], from first: Int = 0) -> FieldType.Kind {
    .enumeration(EnumType(name, values.enumerated().map { (name: $1, number: $0 + first) }))
  }

  private static func number(_ value: Float) -> Message.Value { .float(Double(value)) }
}
