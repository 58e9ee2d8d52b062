import Charts

/// What a layer is for, which its colour shows.
enum LayerKind: String, CaseIterable {
  case data
  case convolution
  case pooling
  case adjustment = "activation, normalization"
  case connected = "fully connected"
  case loss = "loss, accuracy"
  case other

  /// The kind of a type, of a fork's or an unknown one by its name.
  init(type: String) {
    let parts: [(LayerKind, names: Set<String>, words: [String])] = [
      (.loss, ["Accuracy"], ["Loss", "Accuracy", "Evaluate"]),
      (.data, ["Input", "Parameter"], ["Data"]),
      (.convolution, ["Im2col"], ["Convolution", "Deconvolution", "Conv"]),
      (.pooling, ["SPP", "Upsample", "Unpooling", "ROIAlign"], ["Pooling", "Unpool"]),
      (.connected, ["InnerProduct", "Embed", "LSTM", "RNN"], ["InnerProduct"]),
      (
        .adjustment,
        [
          "AbsVal", "BN", "BNLL", "Bias", "Clip", "Dropout", "ELU", "LRN", "MVN", "PReLU", "ReLU", "ReLU6", "Scale",
          "Sigmoid", "Softmax", "Swish", "TanH", "Threshold", "Normalize", "Power", "Exp", "Log",
        ], ["Norm", "Normalization", "ReLU"]
      ),
    ]
    self =
      parts.first { $0.names.contains(type) || $0.words.contains { type.hasSuffix($0) || type.hasPrefix($0) } }?.0
      ?? .other
  }

  /// The colour of the kind, strong enough for lines.
  var colour: Colour {
    switch self {
    case .data: Colour.series[2]
    case .convolution: Colour.series[0]
    case .pooling: Colour.series[1]
    case .adjustment: Colour.series[4]
    case .connected: Colour(red: 0.55, green: 0.32, blue: 0.72)
    case .loss: Colour(red: 0.75, green: 0.10, blue: 0.15)
    case .other: Colour(gray: 0.45)
    }
  }
}
