import Prototxt

/// From scale, mean_file, crop_size and mirror of V1 data layers to `transform_param`.
enum DataTransformation {
  /// By V1 type, the parameters that may hold the fields.
  static let sources = ["DATA": "data_param", "IMAGE_DATA": "image_data_param", "WINDOW_DATA": "window_data_param"]
  /// The fields that move.
  static let fields = ["scale", "mean_file", "crop_size", "mirror"]

  @Sendable static func applies(_ net: Message) -> Bool {
    net.messages("layers").contains { layer in
      guard let source = sources[layer.enumeration("type")] else { return false }
      let parameters = layer.message(source)
      return fields.contains { parameters.has($0) }
    }
  }

  @Sendable static func apply(_ net: inout Message, _ log: Log) throws(Diagnostic) -> Bool {
    try net.update("layers") { layer throws(Diagnostic) in
      guard let source = sources[layer.enumeration("type")] else { return }
      var parameters = layer.message(source)
      var transform = layer.message("transform_param")
      for name in fields {
        for field in parameters.values(name) { try transform.take(field, as: name) }
        parameters.remove(name)
      }
      layer.set(source, parameters)
      layer.set("transform_param", transform)
    }
    return false
  }
}
