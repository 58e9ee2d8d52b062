/// Layer types of Caffe's forks that Crema knows by name and does not have.
enum ForkTypes {
  /// Where a type comes from and what is missing without it; `nil` for types that nobody knows.
  static func origin(_ type: String) -> String? {
    table.first { $0.types.contains(type) }.map { "it comes from \($0.origin), and is not supported: \($0.missing)" }
  }

  private static let table: [(types: Set<String>, origin: String, missing: String)] = [
    (
      ["MultiBoxLoss", "AnnotatedData", "DetectionEvaluate"], "the SSD branch (weiliu89/caffe)",
      "SSD nets run here by their deploy file (DetectionOutput), but are not trained"
    ),
    (["VideoData"], "the SSD branch (weiliu89/caffe)", "videos are not read"),
    (
      ["BoxAnnotatorOHEM", "SoftmaxWithLossOHEM", "SmoothL1LossOHEM"], "R-FCN (YuwenXiong/py-R-FCN)",
      "R-FCN nets run here by their deploy file (PSROIPooling), but are not trained"
    ),
    (
      [
        "Yolov3DetectionOutput", "YoloDetectionOutput", "Yolov3", "RegionLoss", "EvalDetection", "YoloSeg",
        "AssistedExcitation",
        "SegmentationEvaluate",
      ],
      "MobileNet-YOLO (eric612/MobileNet-YOLO)", "the layers before it can be run without it"
    ),
    (
      ["FrcnnProposal", "FrcnnAnchorTarget", "FrcnnProposalTarget", "FrcnnRoiData"], "Caffes of Faster R-CNN",
      "such nets run here (Proposal, ROIPooling), but are not trained"
    ),
    (
      ["DenseImageData"], "SegNet's Caffe (alexgkendall/caffe-segnet)",
      "use two Data layers, of images and of label maps"
    ),
    (
      ["ImageSegData", "SegAccuracy"], "DeepLab's Caffe",
      "use two Data layers, of images and of label maps, and Accuracy with axis 1"
    ),
    (["ImageLabelmapData"], "HED's Caffe (s9xie/hed)", "use two Data layers, of images and of label maps"),
    (["SeLu", "SeLuDropout"], "soeaver's Caffe (soeaver/caffe-model)", "ELU and Scale compute the same as SeLu"),
    (["MarginInnerProduct"], "SphereFace's Caffe (wy1iu/sphereface)", "it is a loss for training"),
    (
      ["DetectNetTransformation"], "NVIDIA's Caffe",
      "its deploy files, without it, may run here"
    ),
    (["Transpose", "Lstm", "Reverse"], "CTPN's Caffe", "write such a net with Permute and LSTM"),
  ]
}
