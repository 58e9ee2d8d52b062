import ArgumentParser
import Crema
import Evaluation
import Prototxt

/// Scores models on databases, image by image: accuracy, confusion matrices, curves.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Score models on whole databases: accuracy, confusion matrix, ROC.",
    discussion: """
      Each image of a database is looked at once. With several weights or databases, every model is tested on every database. \
      NAME=PATH gives weights and databases the names that tables show.
      """)

  @Option(
    help: ArgumentHelp(
      "The net (prototxt): a deploy net with an Input layer, or a train/val net with its Data layer; once, or once for each weights.",
      valueName: "file"))
  var model: [String] = []

  @Option(
    help: ArgumentHelp(
      "Trained weights (.caffemodel or .caffemodel.h5); may be given several times.", valueName: "[name=]file"))
  var weights: [String] = []

  @Option(
    help: ArgumentHelp(
      "A database (LMDB or LevelDB) of labelled images; may be given several times. Without it, that of the net's own Data layer.",
      valueName: "[name=]folder"))
  var data: [String] = []

  @Option(help: "The names of the classes in the order of labels, separated by commas, or a file with one name a line.")
  var classes: String?

  @Option(help: "The blob with the scores of the classes; else what feeds the net's Softmax, Accuracy or loss.")
  var scores: String?

  @Option(help: "Look at so many images of each database only.")
  var limit: Int?

  @Option(
    help: ArgumentHelp(
      "Write the results to a file: .json, .csv, .md, .svg or .png; may be given several times.", valueName: "file"))
  var output: [String] = []

  @Option(help: ArgumentHelp("Draw the ROC curves into an .svg or .png file.", valueName: "file"))
  var curve: String?

  @Option(help: ArgumentHelp("Write what was predicted for each image to a .csv file.", valueName: "file"))
  var predictions: String?

  @Option(
    help: ArgumentHelp(
      "A result in JSON, from --output: print by how much the errors are fewer, (E1 - E2) / E1.", valueName: "file"))
  var baseline: String?

  @Flag(help: "Show shares below 1 % as *.")
  var hideSmall = false

  @Option(help: "For a deploy net: the number of images at once.")
  var batch = 50

  @OptionGroup var images: ImageOptions
  @OptionGroup var options: ModelOptions
  @OptionGroup var compute: ComputeOptions

  mutating func validate() throws {
    if batch < 1 { throw ValidationError("--batch must be at least 1, not \(batch)") }
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
    for file in output where OutputKind(path: file) == nil {
      throw ValidationError("--output takes a file that ends in .json, .csv, .md, .svg or .png; not '\(file)'")
    }
    if let curve, OutputKind(path: curve)?.picture == nil {
      throw ValidationError("--curve takes a file that ends in .svg or .png; not '\(curve)'")
    }
    if let predictions, OutputKind(path: predictions) != .csv {
      throw ValidationError("--predictions takes a file that ends in .csv; not '\(predictions)'")
    }
  }

  func run() throws {
    guard !model.isEmpty else { throw Diagnostic("evaluate needs a net: give it with --model FILE") }
    guard !weights.isEmpty else { throw Diagnostic("evaluate needs weights: give them with --weights FILE") }
    for file in output + [curve, predictions].compactMap({ $0 }) { try checkReplaceable(file) }
    guard model.count == 1 || model.count == weights.count else {
      throw Diagnostic(
        "--model is given \(model.count) times and --weights \(weights.count) times; give --model once, or once for each --weights"
      )
    }
    let first = try baseline.map(EvaluationReport.result)
    let workers = try compute.start()
    let models = try NamedPath.all(weights), sets = try NamedPath.all(data)
    var report = EvaluationReport(hidesSmall: hideSmall, baseline: first)
    for (index, weights) in models.enumerated() {
      let net = model[min(index, model.count - 1)]
      for set in sets.isEmpty ? [nil] : sets.map(Optional.some) {
        report.add(try evaluate(net, weights, on: set, workers))
      }
    }
    Console.standard.show(report.text)
    for file in output { try report.write(to: file) }
    if let curve { try report.writeCurves(to: curve) }
    if let predictions { try report.writePredictions(to: predictions) }
  }

  private func evaluate(
    _ model: String, _ weights: NamedPath, on set: NamedPath?, _ workers: Workers
  ) throws -> EvaluationReport.Entry {
    let console = Console.standard
    let definition = try NetDefinition(contentsOf: model, permissive: options.permissive)
    definition.warnings.forEach(console.report)
    var settings = Evaluator.Options()
    settings.state = NetState(options.state(of: definition.message, phase: .test))
    (settings.scores, settings.limit, settings.net) = (scores, limit, compute.netOptions)
    settings.environment = options.environment
    let testSet = set.map { TestSet(source: $0.path, transform: images.transform(), batch: batch) }
    let evaluator = try Evaluator(definition, on: testSet, workers: workers, options: settings)
    _ = try WeightsFile.load(weights.path, into: evaluator.net, log: .silent, requiresEveryLayer: true)
    let names = try ClassNames.names(classes, count: evaluator.classes), dataName = set?.name ?? evaluator.sourceName
    let progress = CountLine("images", of: evaluator.images, for: "\(weights.name) on \(dataName)")
    let predictions = try evaluator.run { console.live(progress.text($0)) }
    console.endLive()
    return EvaluationReport.Entry(
      model: weights.name, data: dataName, evaluation: Evaluation(classes: names, predictions: predictions))
  }
}
