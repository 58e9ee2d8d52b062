import Crema
import Images
import Prototxt

/// How image files become the input of a net: resized, cut, the mean subtracted, scaled.
struct ImageInput {
  /// The blob that takes them.
  let blob: String
  /// What is done, in words.
  let explanation: String
  private let shape: [Int]
  private let size: (width: Int, height: Int)?
  private let transformer: Transformer

  /// The way to the one Input layer of a net that takes images.
  ///
  /// - Parameters:
  ///   - transform: a TransformationParameter; mirroring is left out.
  ///   - resize: the height and width that files are resized to before they are cut; nil: the mean image's, or what the net takes,
  ///     or their own if a part is to be cut out.
  /// - Throws: a net that does not take images, a mean file that cannot be read.
  init(
    _ graph: Graph, _ transform: Message, resize: (height: Int, width: Int)?, _ environment: InputEnvironment
  ) throws(Diagnostic) {
    let inputs = graph.inputs.map { graph.values[$0] }.filter { $0.shape.rank == 4 && [1, 3].contains($0.shape[1]) }
    guard inputs.count == 1, let input = inputs.first else {
      throw Diagnostic(
        "an image file needs a net with one Input layer of 1 or 3 channels (a deploy net)"
      )
    }
    var transform = transform
    transform.set("mirror", false)
    transformer = try Transformer(try TransformSettings(transform, phase: .test), environment)
    blob = input.name
    shape = Array(input.shape.axes[1...])
    let crop = transform.int("crop_size")
    size =
      (resize ?? transformer.meanSize).map { ($0.width, $0.height) }
      ?? (crop > 0 ? nil : (input.shape[3], input.shape[2]))
    try Self.check(crop > 0 ? (crop, crop) : size.map { ($0.height, $0.width) }, fits: shape)
    explanation = Self.explanation(transform, size.map { "\($0.height)x\($0.width)" }, channels: input.shape[1])
  }

  private static func check(_ made: (height: Int, width: Int)?, fits shape: [Int]) throws(Diagnostic) {
    guard let made, made != (shape[1], shape[2]) else { return }
    throw Diagnostic(
      "images would come as \(made.height)x\(made.width) (height x width), but the net takes \(shape[1])x\(shape[2]): change what "
        + "they are resized to (--resize), or cut out of them (--crop-size); with a mean file they have its size before"
    )
  }

  private static func explanation(_ transform: Message, _ size: String?, channels: Int) -> String {
    let crop = transform.int("crop_size"), means = transform.floats("mean_value"), scale = transform.float("scale")
    var steps = [channels == 1 ? "gray" : "blue, green, red", size.map { "resized to \($0)" } ?? "in their own size"]
    if crop > 0 { steps.append("the middle \(crop)x\(crop) cut out") }
    if transform.has("mean_file") { steps.append("minus the mean of '\(transform.string("mean_file"))'") }
    if !means.isEmpty { steps.append("minus \(means.map { "\($0)" }.joined(separator: ", "))") }
    if scale != 1 { steps.append("times \(scale)") }
    return steps.joined(separator: "; ")
  }

  /// The numbers of an image file, as the net takes them.
  ///
  /// - Throws: a file that cannot be read, or that the crop or the mean does not fit.
  func values(of path: String) throws(Diagnostic) -> [Float] {
    let image: Image
    do throws(ImageError) {
      image = try Image(contentsOf: path, mode: shape[0] == 1 ? .gray : .color, size: size)
    } catch { throw Diagnostic("\(error)") }
    if let damage = image.damage {
      Console.standard.report(Diagnostic("'\(path)' is damaged: \(damage)", severity: .warning))
    }
    do throws(Diagnostic) { return try transformer.values(of: image, shape: shape) } catch {
      throw Diagnostic("image '\(path)': \(error.message)", at: error.location, notes: error.notes)
    }
  }
}
