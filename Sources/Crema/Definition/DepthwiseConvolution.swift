import Prototxt

/// The layers of forks that convolve each channel on its own: a Convolution with as many groups as outputs.
enum DepthwiseConvolution {
  /// A Convolution by another name, whose `group` is written as a rule.
  private static let named = "DepthwiseConvolution"
  /// A layer that has no `group`: each output reads one channel.
  private static let ungrouped = "ConvolutionDepthwise"

  /// Whether the layer is one of them.
  static func applies(_ layer: Message) -> Bool { [named, ungrouped].contains(layer.string("type")) }

  /// Makes it a Convolution.
  ///
  /// - Throws: if ConvolutionDepthwise has a `group` that is not `num_output`.
  static func translate(_ layer: inout Message) throws(Diagnostic) {
    guard applies(layer) else { return }
    var parameters = layer.message("convolution_param")
    let outputs = parameters.int("num_output")
    if parameters.has("group") {
      guard layer.string("type") == named || parameters.int("group") == outputs else {
        throw parameters.error(
          "group",
          "\(ungrouped) has a group for each of its \(outputs) outputs, not \(parameters.int("group")); remove group, or "
            + "use type: \"Convolution\"")
      }
    } else if outputs > 0 {
      parameters.set("group", outputs)
      layer.set("convolution_param", parameters)
    }
    layer.set("type", "Convolution")
  }
}
