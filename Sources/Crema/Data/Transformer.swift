import Images
import Prototxt

/// What the file says of the way from a stored image to the net's input: a TransformationParameter, read and checked.
package struct TransformSettings: Sendable {
  let scale: Float
  let mirrors: Bool
  /// 0: the whole image.
  let crop: Int
  let meanFile: String?
  let meanValues: [Float]
  let forcesColor: Bool
  let forcesGray: Bool
  let phase: Phase
  private let message: Message

  /// Reads the parameters. Throws for those that exclude each other.
  package init(_ message: Message, phase: Phase) throws(Diagnostic) {
    self.message = message
    self.phase = phase
    scale = message.float("scale")
    mirrors = message.bool("mirror")
    crop = message.int("crop_size")
    meanFile = message.has("mean_file") ? message.string("mean_file") : nil
    meanValues = message.floats("mean_value")
    forcesColor = message.bool("force_color")
    forcesGray = message.bool("force_gray")
    guard meanFile == nil || meanValues.isEmpty else {
      throw message.error("mean_value", "mean_file and mean_value exclude each other; remove one of them")
    }
    guard scale.isFinite else { throw message.error("scale", "scale must be a finite number, not \(scale)") }
  }

  /// Whether images are mirrored or cropped at random places: the layer then needs a stream of its own.
  package var drawsNumbers: Bool { mirrors || (phase == .train && crop > 0) }

  /// What decoding an image file shall give.
  func decodingMode() throws(Diagnostic) -> ImageMode {
    guard !(forcesColor && forcesGray) else {
      throw message.error("force_gray", "force_color and force_gray exclude each other; remove one of them")
    }
    return forcesColor ? .color : forcesGray ? .gray : .unchanged
  }

  /// An error about one of the parameters, at its place.
  func error(_ field: String, _ text: String) -> Diagnostic { message.error(field, text) }

  /// Reads the mean file, if there is one.
  func loadMean(_ environment: InputEnvironment, log: Log) throws(Diagnostic) -> MeanImage? {
    guard let meanFile else { return nil }
    let location = message.location(of: "mean_file")
    let path = try environment.resolve(meanFile, "mean file", at: location)
    log.info("data_transformer.cpp", 25, "Loading mean file from: \(meanFile)")
    do throws(Diagnostic) { return try MeanImage(contentsOf: path) } catch {
      throw Diagnostic(error.message, at: location)
    }
  }
}

/// Crops, mirrors, subtracts the mean and scales, image by image, with Caffe's arithmetic and order of draws.
package struct Transformer: Sendable {
  let settings: TransformSettings
  let mean: MeanImage?

  /// Reads the mean file, if the settings name one.
  package init(
    _ settings: TransformSettings, _ environment: InputEnvironment, log: Log = .silent
  ) throws(Diagnostic) {
    self.settings = settings
    mean = try settings.loadMean(environment, log: log)
  }

  /// The height and width of the mean image, which images have before they are cropped; nil without one.
  package var meanSize: (height: Int, width: Int)? { mean.map { ($0.height, $0.width) } }

  /// The rectangle of an image that is used, and whether it is turned left to right.
  struct Cut {
    var row = 0
    var column = 0
    var height: Int
    var width: Int
    var isMirrored = false
  }

  /// The shape of one transformed image: channels, height, width.
  ///
  /// - Throws: an image that the crop or the mean does not fit.
  func shape(_ image: Picture) throws(Diagnostic) -> [Int] {
    let crop = settings.crop
    guard image.height >= crop, image.width >= crop else {
      throw settings.error(
        "crop_size",
        "crop_size \(crop) is larger than the image, which is \(image.height)x\(image.width) (height x width)"
      )
    }
    if let mean, (mean.channels, mean.height, mean.width) != (image.channels, image.height, image.width) {
      throw settings.error(
        "mean_file",
        "the mean of '\(settings.meanFile ?? "")' is \(mean.sizes), but the image is \(image.sizes) (channels x height x "
          + "width, before cropping); compute the mean of this database")
    }
    let values = settings.meanValues.count
    guard values <= 1 || values == image.channels else {
      throw settings.error(
        "mean_value",
        "\(values) mean values are given for \(image.channels) channels; give one, or one for each channel")
    }
    return [image.channels, crop > 0 ? crop : image.height, crop > 0 ? crop : image.width]
  }

  /// Draws what happens to one image: first the mirror, then the place of the crop.
  func cut(_ image: Picture, _ random: RandomStream?) -> Cut {
    var cut = Cut(height: image.height, width: image.width)
    func draw(_ count: Int) -> Int { Int(random?.draw() ?? 0) % count }
    if settings.mirrors { cut.isMirrored = draw(2) == 1 }
    let crop = settings.crop
    if crop > 0 {
      let (rows, columns) = (image.height - crop, image.width - crop)
      cut.row = settings.phase == .train ? draw(rows + 1) : rows / 2
      cut.column = settings.phase == .train ? draw(columns + 1) : columns / 2
      (cut.height, cut.width) = (crop, crop)
    }
    return cut
  }
}

/// The sizes of an image, and the order of its values in memory.
struct Picture {
  var channels: Int
  var height: Int
  var width: Int
  /// The channels of a pixel are neighbours; else each channel is a plane.
  var isInterleaved = false

  var count: Int { channels * height * width }
  /// `3x32x32`.
  var sizes: String { "\(channels)x\(height)x\(width)" }
}
