/// A field that forks of Caffe have and Caffe has not.
struct ForkField: Sendable {
  /// The message that has it.
  let message: String
  /// Its name.
  let field: String
  /// Who has it.
  let forks: String
  /// Why it cannot change results, or else what it means and what to do instead.
  let remark: String
  /// Whether a net means the same without it.
  let isHarmless: Bool

  /// The row of a field, if it is known.
  static func find(_ field: String, in message: String) -> ForkField? {
    table.first { $0.field == field && $0.message == message }
  }

  private static func harmless(_ message: String, _ fields: [String], _ forks: String, _ remark: String) -> [ForkField]
  {
    fields.map { ForkField(message: message, field: $0, forks: forks, remark: remark, isHarmless: true) }
  }

  private static func other(_ message: String, _ fields: [String], _ forks: String, _ remark: String) -> [ForkField] {
    fields.map { ForkField(message: message, field: $0, forks: forks, remark: remark, isHarmless: false) }
  }

  private static let nvidia = "NVIDIA's Caffe"
  private static let intel = "Intel's Caffe"
  private static let ssd = "the SSD branch (weiliu89/caffe)"
  private static let segNet = "SegNet's Caffe (alexgkendall/caffe-segnet)"

  private static let table: [ForkField] = neutral + layers + settings

  /// What can be left out.
  private static let neutral: [ForkField] =
    harmless(
      "NetParameter",
      ["default_forward_type", "default_backward_type", "default_forward_math", "default_backward_math"], nvidia,
      "all numbers have single precision here")
    + harmless(
      "LayerParameter", ["forward_type", "backward_type", "forward_math", "backward_math"], nvidia,
      "all numbers have single precision here")
    + harmless(
      "NetParameter", ["global_grad_scale", "global_grad_scale_adaptive"], nvidia,
      "it only helps half precision, and all numbers have single precision here")
    + harmless("NetParameter", ["eltwise_mem_sharing"], nvidia, "it only says which blobs share memory")
    + harmless("NetParameter", ["reduce_buckets"], nvidia, "it only says how GPUs exchange gradients")
    + harmless("SolverParameter", ["per_parameter_reduce"], nvidia, "it only says how GPUs exchange gradients")
    + harmless(
      "SolverParameter", ["store_blobs_in_old_format"], nvidia, "snapshots have the format of BVLC's Caffe here")
    + harmless("LayerParameter", ["debug", "cudnn_math_override"], nvidia, "it only concerns its GPU code")
    + harmless(
      "ConvolutionParameter", ["cudnn_convolution_algo_seeker", "cudnn_math_override", "conv_algos_override"], nvidia,
      "it only chooses among equivalent GPU algorithms")
    + harmless("TransformationParameter", ["use_gpu_transform"], nvidia, "it only says where images are transformed")
    + harmless(
      "DataParameter", ["threads", "parser_threads", "cache"], nvidia, "it only concerns the speed of reading")
    + harmless("BatchNormParameter", ["engine"], "\(nvidia) and \(intel)", "it only chooses among equivalent libraries")
    + harmless("NetParameter", ["engine", "compile_net_state"], intel, "it only chooses among equivalent libraries")
    + harmless("SolverParameter", ["engine"], intel, "it only chooses among equivalent libraries")
    + harmless("LayerParameter", ["engine"], intel, "it only chooses among equivalent libraries")
    + harmless(
      "SolverParameter", ["eval_type", "ap_version", "show_per_class_result"], ssd,
      "it only says how the results of tests are shown")

  /// Layers.
  private static let layers: [ForkField] =
    other(
      "LayerParameter", ["box_annotator_ohem_param"], "R-FCN (YuwenXiong/py-R-FCN)",
      "layers of this type are not in BVLC's Caffe")
    + other(
      "LayerParameter",
      ["multibox_loss_param", "detection_evaluate_param", "annotated_data_param", "video_data_param"], ssd,
      "layers of this type are not in BVLC's Caffe")
    + other(
      "LayerParameter",
      [
        "yolov3_detection_output_param", "yolov3_param", "yolo_detection_output_param", "region_loss_param",
        "eval_detection_param",
      ], "MobileNet-YOLO (eric612/MobileNet-YOLO)",
      "layers of this type are not in BVLC's Caffe")
    + other(
      "LayerParameter", ["margin_inner_product_param"], "SphereFace's Caffe (wy1iu/sphereface)",
      "layers of this type are not in BVLC's Caffe")
    + other(
      "LayerParameter", ["transpose_param", "lstm_param", "reverse_param"], "CTPN's and other Caffes",
      "layers of this type are not in BVLC's Caffe")
    + other(
      "LayerParameter", ["detectnet_groundtruth_param", "detectnet_augmentation_param"], nvidia,
      "layers of this type are not in BVLC's Caffe")
    + other(
      "LayerParameter", ["dense_image_data_param"], segNet,
      "make a database of images and one of label maps, and read them with two Data layers")
    + other(
      "LayerParameter", ["quantization_param"], "Ristretto and \(intel)",
      "it makes results those of 8-bit numbers; remove it to compute in single precision")
    + other(
      "BatchNormParameter", ["scale_filler", "bias_filler"], nvidia,
      "in BVLC's Caffe scale and bias are a Scale layer with bias_term: true behind the BatchNorm")
    + other(
      "SoftmaxParameter", ["weight_by_label_freqs", "class_weighting", "ignore_label"], segNet,
      "BVLC's Caffe weights classes by the matrix of an InfogainLoss, and ignores labels by loss_param")
    + other(
      "LossParameter", ["weight_by_label_freqs", "class_weighting"], segNet,
      "BVLC's Caffe weights classes by the matrix of an InfogainLoss")

  /// What changes how other layers, data or solvers work.
  private static let settings: [ForkField] =
    other(
      "PoolingParameter", ["ceil_mode"], "soeaver's and other Caffes",
      "it must be true or false, which BVLC's Caffe calls round_mode: CEIL and round_mode: FLOOR")
    + other(
      "PoolingParameter", ["avg_include_pad"], intel,
      "BVLC's Caffe always counts padding in averages, as with avg_include_pad: true; remove it if that is meant")
    + other(
      "NetParameter", ["bn_stats_batch_size"], intel,
      "it makes BatchNorm look at a part of the batch; BVLC's Caffe looks at the whole batch")
    + other(
      "NetParameter", ["multinode"], intel, "it divides a net among computers, which BVLC's Caffe cannot do; remove it")
    + other(
      "TransformationParameter", ["resize_param"], ssd,
      "resize images when the database is made (convert_imageset --resize_height H --resize_width W)")
    + other(
      "TransformationParameter", ["noise_param", "distort_param", "expand_param", "emit_constraint"], ssd,
      "BVLC's Caffe does not change images in this way")
    + other(
      "TransformationParameter", ["random_resize_param", "random_aspect_ratio_param"], intel,
      "BVLC's Caffe does not change images in this way")
    + other(
      "DataParameter", ["shuffle"], "\(nvidia) and others",
      "shuffle when the database is made (convert_imageset --shuffle)")
    + other(
      "SolverParameter", ["warmup_iter", "warmup_start_lr"], intel,
      "BVLC's Caffe has no warm-up; train some iterations with a small base_lr and go on from the snapshot")
    + other(
      "SolverParameter", ["rampup_lr", "rampup_interval"], nvidia,
      "BVLC's Caffe has no warm-up; train some iterations with a small base_lr and go on from the snapshot")
    + other(
      "SolverParameter", ["larc", "larc_policy", "larc_eta", "larc_turbo", "local_lr_auto", "local_gw_ratio"],
      "\(nvidia) and \(intel)",
      "it gives each layer a learning rate of its own, which BVLC's Caffe does only by lr_mult")
    + other(
      "SolverParameter", ["plateau_winsize"], ssd, "BVLC's Caffe has no lr_policy plateau; use multistep with stepvalue"
    )
    + other("SolverParameter", ["min_lr"], nvidia, "BVLC's Caffe does not limit the learning rate")
    + other(
      "SolverParameter", ["max_epoch", "epoch_size", "test_epoch_size", "test_interval_epoch"], nvidia,
      "BVLC's Caffe counts iterations: max_iter and test_interval are records / batch_size for each epoch")
}
