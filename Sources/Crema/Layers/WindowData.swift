import Prototxt

/// Windows of images, drawn at random: some of the background, some of the foreground (R-CNN).
///
/// - tops: the windows, batch x 3 x crop_size x crop_size; and their classes, batch, 0 for the background.
package struct WindowData: SourceLayer {
  package static let type = "WindowData"
  package static let arity = Arity(bottoms: 0...0, tops: 2...2)

  private let parameters: Message
  private let transform: Message
  private let source: String
  private let batchSize: Int
  private let prefetch: Int
  private let rule: WindowPlacement.Rule
  private let settings: TransformSettings
  private let files = SharedFile<WindowFile>()

  package init(_ fields: Fields) throws(Diagnostic) {
    parameters = fields.parameters("window_data_param")
    transform = fields.parameters("transform_param")
    (source, batchSize) = (parameters.string("source"), parameters.int("batch_size"))
    prefetch = fields.parameters("data_param").int("prefetch")
    settings = try TransformSettings(transform, phase: fields.phase)
    rule = WindowPlacement.Rule(
      crop: settings.crop, context: parameters.int("context_pad"), isSquare: parameters.string("crop_mode") == "square")
    guard !source.isEmpty else { throw parameters.error("source", "source is missing: the path of a window file") }
    guard batchSize > 0 else { throw parameters.error("batch_size", "batch_size must be at least 1, not \(batchSize)") }
    guard prefetch > 0 else {
      throw fields.parameters("data_param").error("prefetch", "prefetch must be at least 1, not \(prefetch)")
    }
    guard (1...1 << 14).contains(rule.crop) else {
      throw transform.error(
        "crop_size",
        "WindowData needs a crop_size in transform_param, the size of its windows, of 1 to 16384; not \(rule.crop)")
    }
    guard 2 * rule.context < rule.crop else {
      throw parameters.error(
        "context_pad", "context_pad \(rule.context) on each side leaves nothing of crop_size \(rule.crop)")
    }
    guard ["warp", "square"].contains(parameters.string("crop_mode")) else {
      throw parameters.error("crop_mode", "crop_mode must be \"warp\" or \"square\"")
    }
    guard (0...1).contains(parameters.float("fg_fraction")) else {
      throw parameters.error("fg_fraction", "fg_fraction must be 0 to 1, not \(parameters.float("fg_fraction"))")
    }
    guard [0, 1, WindowReader.channels].contains(settings.meanValues.count) else {
      throw transform.error(
        "mean_value",
        "Specify either 1 mean_value or as many as channels: \(WindowReader.channels); not \(settings.meanValues.count)"
      )
    }
  }

  private func file(_ environment: InputEnvironment) throws(Diagnostic) -> WindowFile {
    let path = try environment.resolve(source, "window file", at: parameters.location(of: "source"))
    let (high, low) = (parameters.float("fg_threshold"), parameters.float("bg_threshold"))
    return try files.content(of: path) { () throws(Diagnostic) in
      try WindowFile(contentsOf: path, foregroundThreshold: high, backgroundThreshold: low)
    }
  }

  package func probe(_ environment: InputEnvironment, log: Log) throws(Diagnostic) -> [Shape] {
    let mean = try settings.loadMean(environment, log: log)
    logParameters(log)
    let file = try file(environment)
    logWindows(file, log)
    let data = Shape([batchSize, WindowReader.channels, rule.crop, rule.crop])
    log.info("window_data_layer.cpp", 180, "output data size: \(data.axes.map(String.init).joined(separator: ","))")
    if let mean {
      log.info("window_data_layer.cpp", 196, "Loading mean file from: \(settings.meanFile ?? "")")
      try check(mean)
    }
    for (windows, name) in [(file.foreground, "foreground"), (file.background, "background")] where windows.isEmpty {
      throw parameters.error(
        "source", "window file '\(source)' has no window of the \(name); fg_threshold and bg_threshold decide which are"
      )
    }
    return [data, [batchSize]]
  }

  /// The mean's middle must cover the crop.
  private func check(_ mean: MeanImage) throws(Diagnostic) {
    let crop = rule.crop
    guard mean.channels == WindowReader.channels, mean.width >= crop, mean.height >= (mean.width - crop) / 2 + crop
    else {
      throw transform.error(
        "mean_file",
        "the mean of '\(settings.meanFile ?? "")' is \(mean.sizes) (channels x height x width); 3 channels are wanted, and a "
          + "square that is at least as large as crop_size \(crop)")
    }
  }

  private func logParameters(_ log: Log) {
    log.info(
      "window_data_layer.cpp", 53,
      """
      Window data layer:
        foreground (object) overlap threshold: \(logNumber(parameters.float("fg_threshold")))
        background (non-object) overlap threshold: \(logNumber(parameters.float("bg_threshold")))
        foreground sampling fraction: \(logNumber(parameters.float("fg_fraction")))
        cache_images: \(parameters.bool("cache_images") ? 1 : 0)
        root_folder: \(parameters.string("root_folder"))
      """)
  }

  private func logWindows(_ file: WindowFile, _ log: Log) {
    for (index, image) in file.images.enumerated() where index % 100 == 0 {
      log.info(
        "window_data_layer.cpp", 148,
        "num: \(index) \(parameters.string("root_folder"))\(image.path) \(image.channels) \(image.height) \(image.width) "
          + "windows to process: \(image.windows)")
    }
    log.info("window_data_layer.cpp", 157, "Number of images: \(file.images.count)")
    var counts: [Int32: Int] = [0: file.background.count]
    for window in file.foreground { counts[window.label, default: 0] += 1 }
    for (label, count) in counts.sorted(by: { $0.key < $1.key }) {
      log.info("window_data_layer.cpp", 161, "class \(label) has \(count) samples")
    }
    log.info("window_data_layer.cpp", 165, "Amount of context padding: \(rule.context)")
    log.info("window_data_layer.cpp", 168, "Crop mode: \(parameters.string("crop_mode"))")
  }

  package func open(
    _ environment: InputEnvironment, shapes: [Shape], random: RandomStream, log: Log
  ) throws(Diagnostic) -> any InputSource {
    remark(environment)
    if settings.drawsNumbers { _ = random.draw() }
    let seed = random.draw()
    if settings.drawsNumbers { _ = random.draw() }
    _ = random.draw()
    let file = try file(environment)
    let job = WindowReader.Job(
      file: file, folder: environment.imageFolder(parameters.string("root_folder"), first: file.images[0].path),
      caches: parameters.bool("cache_images"), rule: rule, mirrors: settings.mirrors, scale: parameters.float("scale"),
      meanValues: settings.meanValues, mean: try settings.loadMean(environment, log: .silent), batchSize: batchSize,
      foreground: Int(Float(batchSize) * parameters.float("fg_fraction")), seed: seed, environment: environment,
      pool: BatchPool(), location: parameters.location(of: "source"))
    return BatchSource(job.pool, depth: prefetch) { () throws(Diagnostic) in try WindowReader(job) }
  }

  /// Says which fields have no effect, as in Caffe.
  private func remark(_ environment: InputEnvironment) {
    for field in ["mean_file", "crop_size", "mirror"] where parameters.has(field) {
      environment.note("\(field) in window_data_param has no effect, as in Caffe; it belongs in transform_param")
    }
    guard transform.has("scale") else { return }
    environment.note(
      "scale in transform_param has no effect on WindowData, as in Caffe; it belongs in window_data_param")
  }
}
