/// Where the parameters of V0 layers go in V1, in the order in which Caffe looks at them.
struct V0Moves: Sendable {
  let field: String
  /// The line of Caffe's source that complains.
  let line: Int
  /// What the complaint calls the field, if not by its name.
  var logName: String?
  /// By V0 type, `*` for any: the parameter and its field, or just the V1 field.
  let targets: [String: String]

  /// Where the field of a layer of this type goes; nil if it does not belong to the type.
  func target(for type: String) -> (parameter: String, field: String?)? {
    guard let path = targets[type] ?? targets["*"] else { return nil }
    let steps = path.split(separator: ".").map(String.init)
    return (steps[0], steps.count > 1 ? steps[1] : nil)
  }

  private init(_ field: String, _ line: Int, logName: String? = nil, _ targets: [String: String]) {
    (self.field, self.line, self.logName, self.targets) = (field, line, logName, targets)
  }

  private static func products(_ field: String) -> [String: String] {
    ["conv": "convolution_param.\(field)", "innerproduct": "inner_product_param.\(field)"]
  }

  private static func windows(_ field: String) -> [String: String] {
    ["conv": "convolution_param.\(field)", "pool": "pooling_param.\(field)"]
  }

  static let all: [V0Moves] = [
    V0Moves("num_output", 237, products("num_output")),
    V0Moves("biasterm", 249, products("bias_term")),
    V0Moves("weight_filler", 261, products("weight_filler")),
    V0Moves("bias_filler", 273, products("bias_filler")),
    V0Moves("pad", 283, windows("pad")),
    V0Moves("kernelsize", 295, windows("kernel_size")),
    V0Moves("group", 304, ["conv": "convolution_param.group"]),
    V0Moves("stride", 314, windows("stride")),
    V0Moves("pool", 341, ["pool": "pooling_param.pool"]),
    V0Moves("dropout_ratio", 350, ["dropout": "dropout_param.dropout_ratio"]),
    V0Moves("local_size", 359, ["lrn": "lrn_param.local_size"]),
    V0Moves("alpha", 368, ["lrn": "lrn_param.alpha"]),
    V0Moves("beta", 377, ["lrn": "lrn_param.beta"]),
    V0Moves("k", 386, ["lrn": "lrn_param.k"]),
    V0Moves(
      "source", 403,
      [
        "data": "data_param.source", "hdf5_data": "hdf5_data_param.source", "images": "image_data_param.source",
        "window_data": "window_data_param.source", "infogain_loss": "infogain_loss_param.source",
      ]),
    V0Moves("scale", 407, ["*": "transform_param.scale"]),
    V0Moves("meanfile", 410, ["*": "transform_param.mean_file"]),
    V0Moves(
      "batchsize", 429,
      [
        "data": "data_param.batch_size", "hdf5_data": "hdf5_data_param.batch_size",
        "images": "image_data_param.batch_size", "window_data": "window_data_param.batch_size",
      ]),
    V0Moves("cropsize", 433, ["*": "transform_param.crop_size"]),
    V0Moves("mirror", 436, ["*": "transform_param.mirror"]),
    V0Moves("rand_skip", 449, ["data": "data_param.rand_skip", "images": "image_data_param.rand_skip"]),
    V0Moves("shuffle_images", 458, logName: "shuffle", ["images": "image_data_param.shuffle"]),
    V0Moves("new_height", 467, ["images": "image_data_param.new_height"]),
    V0Moves("new_width", 476, ["images": "image_data_param.new_width"]),
    V0Moves("concat_dim", 485, ["concat": "concat_param.concat_dim"]),
    V0Moves("det_fg_threshold", 495, ["window_data": "window_data_param.fg_threshold"]),
    V0Moves("det_bg_threshold", 505, ["window_data": "window_data_param.bg_threshold"]),
    V0Moves("det_fg_fraction", 515, ["window_data": "window_data_param.fg_fraction"]),
    V0Moves("det_context_pad", 525, ["window_data": "window_data_param.context_pad"]),
    V0Moves("det_crop_mode", 535, ["window_data": "window_data_param.crop_mode"]),
    V0Moves("hdf5_output_param", 545, ["hdf5_output": "hdf5_output_param"]),
  ]
}
