import ArgumentParser
import Crema
import Evaluation
import Prototxt

/// Says what a net takes image files for.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Classify image files.",
    discussion: """
      The net is a deploy net with an Input layer, or a train/val net: then its data layer of phase TEST says what happens to images, \
      and its data need not be there.
      """)

  @Argument(help: "Image files (JPEG, PNG, BMP, PBM, PGM, PPM).")
  var files: [String]

  @Option(help: ArgumentHelp("The net (prototxt).", valueName: "file"))
  var model: String?

  @Option(help: ArgumentHelp("Trained weights (.caffemodel or .caffemodel.h5).", valueName: "file"))
  var weights: String?

  @Option(help: "The names of the classes in the order of labels, separated by commas, or a file with one name a line.")
  var classes: String?

  @Option(help: "Show so many classes of each image, the best first.")
  var top = 5

  @Option(
    help: "The blob with the scores of the classes; else what the net's Softmax gives, or feeds its Accuracy or loss.")
  var scores: String?

  @Option(
    help: ArgumentHelp(
      "The size that files are resized to before the crop, as one number or as HEIGHTxWIDTH; else the mean image's, or what the net takes, or their own with a crop.",
      valueName: "size"))
  var resize: String?

  @Option(help: ArgumentHelp("Write all scores to a .csv file.", valueName: "file"))
  var output: String?

  @Flag(help: "Say what happens to images, and what numbers the net gets.")
  var explain = false

  @OptionGroup var images: ImageOptions
  @OptionGroup var options: ModelOptions
  @OptionGroup var compute: ComputeOptions

  mutating func validate() throws {
    if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
    if let resize, size == nil { throw ValidationError("--resize takes 256 or 240x320, not '\(resize)'") }
    if let output, OutputKind(path: output) != .csv {
      throw ValidationError("--output takes a file that ends in .csv; not '\(output)'")
    }
  }

  private var size: (height: Int, width: Int)? {
    let words = (resize ?? "").split(separator: "x", omittingEmptySubsequences: false)
    let numbers = words.compactMap { Int($0) }.filter { (1...1 << 16).contains($0) }
    guard numbers.count == words.count, (1...2).contains(numbers.count) else { return nil }
    return (numbers[0], numbers[numbers.count - 1])
  }

  func run() throws {
    guard let model else { throw Diagnostic("predict needs a net: give it with --model FILE") }
    guard let weights else { throw Diagnostic("predict needs weights: give them with --weights FILE") }
    if let output { try checkReplaceable(output) }
    let workers = try compute.start()
    let source = try ImageDefinition(model, options, size)
    let graph = source.graph, scores = try ScoreBlob(graph, named: scores)
    let names = try ClassNames.names(classes, count: scores.classes)
    let transform = images.areGiven ? images.transform() : source.transform
    let input = try ImageInput(graph, transform, resize: size ?? source.size, options.environment)
    var netOptions = compute.netOptions
    (netOptions.isForwardOnly, netOptions.watched) = (true, .blobs([scores.name]))
    let net = try Net(
      graph, random: RandomStream(), workers: workers, environment: options.environment, options: netOptions)
    _ = try WeightsFile.load(weights, into: net, log: .silent, requiresEveryLayer: true)
    try predict(net, input, scores, names)
  }

  private func predict(_ net: Net, _ input: ImageInput, _ scores: ScoreBlob, _ names: [String]) throws {
    let console = Console.standard
    if explain { console.show("images: \(input.explanation)\n") }
    var csv = OutputFile.csvLine(["file"] + names.map { "score \($0)" }), failures = 0
    for file in files {
      do throws(Diagnostic) {
        let numbers = try input.values(of: file)
        try net.forward(feeding: [input.blob: numbers])
        guard let values = net.blob(scores.name)?.data.values, values.allSatisfy({ !$0.isNaN }) else {
          throw Diagnostic("'\(file)': the net's scores are no numbers (NaN); were the weights of a run that diverged?")
        }
        let shares = scores.shares(values)
        console.show(text(file, shares, names, explain ? numbers : nil))
        csv += OutputFile.csvLine([file] + shares.map { "\($0)" })
      } catch {
        console.report(error)
        failures += 1
      }
    }
    if let output { try OutputFile.write(csv, to: output) }
    guard failures == 0 else { throw Diagnostic("\(failures) of \(files.count) images could not be classified") }
  }

  /// What an image is taken for, the best class first, and which numbers it became.
  private func text(_ file: String, _ shares: [Float], _ names: [String], _ numbers: [Float]?) -> String {
    let best = shares.indices.sorted { shares[$0] == shares[$1] ? $0 < $1 : shares[$0] > shares[$1] }.prefix(top)
    let width = "\(shares.count - 1)".count
    var text = file + "\n"
    if let numbers {
      let mean = numbers.reduce(0) { $0 + Double($1) } / Double(numbers.count)
      text += "  input from \(numbers.min() ?? 0) to \(numbers.max() ?? 0), mean \(decimal(mean, digits: 4))\n"
    }
    for label in best {
      let name = names[label] == "\(label)" ? "" : "  \(names[label])"
      let number = String(repeating: " ", count: width - "\(label)".count) + "\(label)"
      text += "  \(decimal(Double(shares[label]), digits: 4))  \(number)\(name)\n"
    }
    return text
  }
}

/// A net in phase TEST for one image that comes from a file.
private struct ImageDefinition {
  let graph: Graph
  /// What the net's data layer does to images; empty without one.
  private(set) var transform = Message(CaffeSchema.layer).message("transform_param")
  /// What it resizes them to.
  private(set) var size: (height: Int, width: Int)?

  /// - Parameter given: the size of images in the data, if that is missing and the file does not say it.
  init(_ path: String, _ options: ModelOptions, _ given: (height: Int, width: Int)?) throws {
    let definition = try NetDefinition(contentsOf: path, permissive: options.permissive)
    definition.warnings.forEach(Console.standard.report)
    var building = GraphBuilder.Options()
    building.environment = options.environment
    let state = options.state(of: definition.message, phase: .test)
    let shapes = SourceShapes(given: nil, building: building)
    var sources: [Message] = []
    let whole = try ReplaceSources.apply(definition, state: state, catalog: building.catalog) {
      layer throws(Diagnostic) in
      sources.append(layer)
      do throws(Diagnostic) { return try shapes.assumedFirst(layer) } catch {
        let transform = layer.message("transform_param")
        guard let given, transform.int("crop_size") == 0 else {
          throw error.noting(
            "to go on without the data, give the size of its images with --resize, such as 128 or 240x320")
        }
        return shapes.tops(layer, images: [1, transform.bool("force_gray") ? 1 : 3, given.height, given.width])
      }
    }
    graph = try GraphBuilder.build(whole.taking(images: 1), state: state, options: building)
    graph.warnings.forEach(Console.standard.report)
    guard let source = sources.first else { return }
    transform = source.message("transform_param")
    let parameters = source.message("image_data_param")
    if source.string("type") == "ImageData", parameters.int("new_height") > 0, parameters.int("new_width") > 0 {
      size = (parameters.int("new_height"), parameters.int("new_width"))
    }
  }
}
