import Images
import Prototxt

/// Images of a list of files, and their labels.
///
/// - tops: the images, batch x channels x height x width, transformed; and the labels, batch.
package struct ImageDataLayer: SourceLayer {
  package static let type = "ImageData"
  package static let arity = Arity(bottoms: 0...0, tops: 2...2)

  private let parameters: Message
  private let source: String
  private let batchSize: Int
  private let prefetch: Int
  private let size: (height: Int, width: Int)?
  private let skips: Int
  private let shuffles: Bool
  private let settings: TransformSettings
  private let phase: Phase
  private let lists = SharedFile<ImageList>()

  package init(_ fields: Fields) throws(Diagnostic) {
    parameters = fields.parameters("image_data_param")
    (source, batchSize) = (parameters.string("source"), parameters.int("batch_size"))
    prefetch = fields.parameters("data_param").int("prefetch")
    (skips, shuffles, phase) = (parameters.int("rand_skip"), parameters.bool("shuffle"), fields.phase)
    guard !source.isEmpty else {
      throw parameters.error("source", "source is missing: the path of a list of images and labels")
    }
    guard batchSize > 0 else { throw parameters.error("batch_size", "batch_size must be at least 1, not \(batchSize)") }
    guard prefetch > 0 else {
      throw fields.parameters("data_param").error("prefetch", "prefetch must be at least 1, not \(prefetch)")
    }
    let (height, width) = (parameters.int("new_height"), parameters.int("new_width"))
    guard (height > 0) == (width > 0) else {
      throw parameters.error(
        height > 0 ? "new_height" : "new_width",
        "new_height and new_width must be set at the same time; they are \(height) and \(width)")
    }
    guard max(height, width) <= 1 << 20, height * width <= 1 << 28 else {
      throw parameters.error("new_height", "images of \(height)x\(width) (height x width) are too large")
    }
    size = height > 0 ? (height, width) : nil
    settings = try TransformSettings(fields.parameters("transform_param"), phase: phase)
  }

  /// The list, and where its images are.
  private func files(_ environment: InputEnvironment) throws(Diagnostic) -> ImageFiles {
    let location = parameters.location(of: "source")
    let path = try environment.resolve(source, "list of images", at: location)
    let list = try lists.content(of: path) { () throws(Diagnostic) in try ImageList(contentsOf: path) }
    return ImageFiles(
      list: list, path: path,
      folder: environment.imageFolder(parameters.string("root_folder"), first: list.entries[0].path),
      isColor: parameters.bool("is_color"), size: size, location: location)
  }

  package func probe(_ environment: InputEnvironment, log: Log) throws(Diagnostic) -> [Shape] {
    let transformer = try Transformer(settings, environment, log: log)
    log.info("image_data_layer.cpp", 38, "Opening file \(source)")
    let files = try files(environment)
    if shuffles {
      log.info("image_data_layer.cpp", 53, "Shuffling data")
    } else if phase == .train, environment.rank > 0, skips == 0 {
      log.add(.warning, "image_data_layer.cpp", 60, "Shuffling or skipping recommended for multi-GPU")
    }
    log.info("image_data_layer.cpp", 63, "A total of \(files.list.entries.count) images.")
    let image = try files.image(0, environment)
    let shape: [Int]
    do throws(Diagnostic) { shape = try transformer.shape(Picture(image)) } catch { throw files.error(0, error) }
    let data = Shape([batchSize] + shape)
    log.info("image_data_layer.cpp", 90, "output data size: \(data.axes.map(String.init).joined(separator: ","))")
    return [data, [batchSize]]
  }

  package func open(
    _ environment: InputEnvironment, shapes: [Shape], random: RandomStream, log: Log
  ) throws(Diagnostic) -> any InputSource {
    remark(environment)
    let files = try files(environment)
    if settings.drawsNumbers { _ = random.draw() }
    let shuffleSeed = shuffles ? random.draw() : nil
    let skipped = skips > 0 ? Int(random.draw()) % skips : 0
    if skips > 0 { log.info("image_data_layer.cpp", 70, "Skipping first \(skipped) data points.") }
    guard skipped < files.list.entries.count else {
      throw parameters.error(
        "rand_skip",
        "Not enough points to skip: rand_skip \(skips) drew \(skipped), but the list has \(files.list.entries.count) images"
      )
    }
    let seed = settings.drawsNumbers ? random.draw() : nil
    _ = random.draw()
    let job = ImageReader.Job(
      files: files, transformer: try Transformer(settings, environment), shape: [Int](shapes[0].axes.dropFirst()),
      batchSize: batchSize, skipped: skipped, seed: seed, shuffleSeed: shuffleSeed, environment: environment,
      pool: BatchPool())
    return BatchSource(job.pool, depth: prefetch) { () throws(Diagnostic) in ImageReader(job) }
  }

  /// Says which fields have no effect, as in Caffe.
  private func remark(_ environment: InputEnvironment) {
    for field in ["scale", "mean_file", "crop_size", "mirror"] where parameters.has(field) {
      environment.note("\(field) in image_data_param has no effect, as in Caffe; it belongs in transform_param")
    }
    guard settings.forcesColor || settings.forcesGray else { return }
    environment.note(
      "force_color and force_gray have no effect on ImageData, as in Caffe; is_color in image_data_param decides")
  }
}
