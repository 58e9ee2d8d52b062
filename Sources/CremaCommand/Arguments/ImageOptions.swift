import ArgumentParser
import Crema
import Prototxt

/// What happens to images before a net with an Input layer sees them.
struct ImageOptions: ParsableArguments {
  @Option(help: "For a deploy net: the mean image (binaryproto) to subtract.")
  var meanFile: String?

  @Option(
    help: "For a deploy net: the mean value to subtract, one for all channels or one for each, separated by commas.")
  var meanValue: String?

  @Option(help: "For a deploy net: the factor after subtracting the mean.")
  var scale: Float?

  @Option(help: "For a deploy net: the side of the square that is cut out of the middle.")
  var cropSize: Int?

  mutating func validate() throws {
    if let cropSize, cropSize < 1 { throw ValidationError("--crop-size must be at least 1, not \(cropSize)") }
    if meanFile != nil, meanValue != nil { throw ValidationError("--mean-file and --mean-value exclude each other") }
    if let meanValue, meanValues == nil {
      throw ValidationError("--mean-value takes numbers separated by commas, not '\(meanValue)'")
    }
  }

  private var meanValues: [Float]? {
    let words = (meanValue ?? "").split(separator: ",", omittingEmptySubsequences: false)
    let values = words.compactMap { Float($0) }
    return values.count == words.count ? values : nil
  }

  /// Whether any of them is given.
  var areGiven: Bool { meanFile != nil || meanValue != nil || scale != nil || cropSize != nil }

  /// The TransformationParameter that says so.
  func transform() -> Message {
    var message = Message(CaffeSchema.layer).message("transform_param")
    if let meanFile { message.set("mean_file", meanFile) }
    if let meanValues { message.set("mean_value", meanValues) }
    if let scale { message.set("scale", scale) }
    if let cropSize { message.set("crop_size", cropSize) }
    return message
  }
}
