import Prototxt

/// The names of layer types through Caffe's history.
enum LegacyTypes {
  /// From V1's names, which are those of an enum, to today's.
  private static let v1: [String: String] = [
    "NONE": "", "ABSVAL": "AbsVal", "ACCURACY": "Accuracy", "ARGMAX": "ArgMax", "BNLL": "BNLL", "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss", "CONVOLUTION": "Convolution", "DECONVOLUTION": "Deconvolution",
    "DATA": "Data", "DROPOUT": "Dropout", "DUMMY_DATA": "DummyData", "EUCLIDEAN_LOSS": "EuclideanLoss",
    "ELTWISE": "Eltwise", "EXP": "Exp", "FLATTEN": "Flatten", "HDF5_DATA": "HDF5Data", "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss", "IM2COL": "Im2col", "IMAGE_DATA": "ImageData", "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct", "LRN": "LRN", "MEMORY_DATA": "MemoryData",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss", "MVN": "MVN", "POOLING": "Pooling", "POWER": "Power",
    "RELU": "ReLU", "SIGMOID": "Sigmoid", "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SILENCE": "Silence", "SOFTMAX": "Softmax", "SOFTMAX_LOSS": "SoftmaxWithLoss", "SPLIT": "Split",
    "SLICE": "Slice", "TANH": "TanH", "WINDOW_DATA": "WindowData", "THRESHOLD": "Threshold",
  ]

  /// From V0's names to those V1 names that are not just the same in capitals.
  private static let v0: [String: String] = [
    "conv": "CONVOLUTION", "images": "IMAGE_DATA", "innerproduct": "INNER_PRODUCT", "pool": "POOLING",
  ]

  /// V0's names that V1 has in capitals.
  private static let v0InCapitals: Set<String> = [
    "accuracy", "bnll", "concat", "data", "dropout", "euclidean_loss", "flatten", "hdf5_data", "hdf5_output", "im2col",
    "infogain_loss", "lrn", "multinomial_logistic_loss", "relu", "sigmoid", "softmax", "softmax_loss", "split", "tanh",
    "window_data",
  ]

  /// All of V0's names.
  static var v0Names: [String] { v0.keys.sorted() + v0InCapitals.sorted() }

  /// The V1 name of a V0 type; nil if there is no such type.
  static func v1(v0 name: String) -> String? { v0[name] ?? (v0InCapitals.contains(name) ? name.uppercased() : nil) }

  /// Today's name of a V1 type; nil if there is no such type.
  static func current(v1 name: String) -> String? { v1[name] }

  /// Today's name of the V1 type with this number; nil if there is no such type.
  static func current(number: Int) -> String? {
    guard case .enumeration(let type)? = V1.layer?.field("type")?.kind else { return nil }
    return type.name(of: number).flatMap { v1[$0] }
  }
}
