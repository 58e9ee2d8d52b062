import Crema
import Prototxt

/// Runs a net in phase TEST once over all images of a database.
public final class Evaluator {
  /// What an evaluator is built with.
  public struct Options {
    /// The state of the net; its phase is TEST.
    public var state = NetState(phase: .test)
    /// The blob with one score for each class; nil: what feeds the accuracy, or else the net's softmax.
    public var scores: String?
    /// At most so many images of the start of the database; nil: all.
    public var limit: Int?
    /// How the net runs; it is run forward only.
    public var net = Net.Options()
    /// Where sources are found.
    public var environment = InputEnvironment()
    /// Takes the lines about the construction.
    public var log = Log.silent

    /// All images, with the reference engine.
    public init() {}
  }

  /// The net; give it weights before `run`.
  public let net: Net
  /// The number of classes.
  public let classes: Int
  private let scores: Blob, labels: Blob
  private let scoreBlob: ScoreBlob
  private let keys: [String]
  private let source: String

  /// Builds the net of a definition on a test set, or on the database of its own data layer.
  ///
  /// - Throws: what is wrong with the definition or the database, a net without scores and labels.
  public init(
    _ definition: NetDefinition, on testSet: TestSet?, workers: Workers, options: Options
  ) throws(Diagnostic) {
    let definition = try testSet?.feeding(definition, options.state) ?? definition
    var building = GraphBuilder.Options()
    (building.environment, building.log) = (options.environment, options.log)
    let graph = try GraphBuilder.build(definition, state: options.state.message, options: building)
    guard let data = graph.nodes.first(where: { $0.type == "Data" && $0.tops.count == 2 }) else {
      throw Diagnostic(
        "the net has no Data layer with images and labels in phase TEST; name a database with --data",
        at: definition.message.location)
    }
    let chosen = try ScoreBlob(graph, named: options.scores)
    (classes, scoreBlob) = (chosen.classes, chosen)
    source = data.definition.message("data_param").string("source")
    let path = try options.environment.resolve(
      source, "database", at: data.definition.message("data_param").location(of: "source"))
    keys = Array(try DatabaseKeys.all(of: path).prefix(options.limit ?? .max))
    var netOptions = options.net
    let label = graph.values[data.tops[1]].name
    (netOptions.isForwardOnly, netOptions.watched) = (true, .blobs([chosen.name, label]))
    net = try Net(
      graph, random: RandomStream(), workers: workers, environment: options.environment, options: netOptions,
      log: options.log)
    guard let scores = net.blob(chosen.name), let labels = net.blob(label) else {
      throw Diagnostic("the net has no blobs '\(chosen.name)' and '\(label)'")
    }
    (self.scores, self.labels) = (scores, labels)
  }

  /// The last part of the database's path.
  public var sourceName: String { source.split(separator: "/").last.map(String.init) ?? source }

  /// The number of images that `run` goes through.
  public var images: Int { keys.count }

  /// Runs the net over the database from its start; an evaluator runs once.
  ///
  /// - Parameter progress: called after each batch with the number of images that are done.
  /// - Throws: a label that is no class, or scores that are no numbers; each names the record.
  public func run(progress: (Int) -> Void = { _ in }) throws(Diagnostic) -> [Evaluation.Prediction] {
    var predictions: [Evaluation.Prediction] = []
    predictions.reserveCapacity(keys.count)
    while predictions.count < keys.count {
      try net.forward()
      let (scores, labels) = (scores.data.values, labels.data.values)
      for image in 0..<min(labels.count, keys.count - predictions.count) {
        let row = Array(scores[image * classes..<(image + 1) * classes])
        predictions.append(try prediction(keys[predictions.count], labels[image], row))
      }
      progress(predictions.count)
    }
    return predictions
  }

  private func prediction(_ key: String, _ label: Float, _ scores: [Float]) throws(Diagnostic) -> Evaluation.Prediction
  {
    guard let label = Int(exactly: label), label >= 0, label < classes else {
      throw Diagnostic(
        "database '\(source)', record '\(key)': its label is \(label), but the net tells \(classes) classes apart (0 to "
          + "\(classes - 1))")
    }
    guard scores.allSatisfy({ !$0.isNaN }) else {
      throw Diagnostic(
        "database '\(source)', record '\(key)': the net's scores are no numbers (NaN); were the weights of a run that diverged?"
      )
    }
    return Evaluation.Prediction(key: key, label: label, scores: scoreBlob.shares(scores))
  }
}

/// The blob of a net that has one score for each class.
package struct ScoreBlob: Sendable {
  /// The name of the blob.
  package let name: String
  /// The number of classes.
  package let classes: Int
  /// Whether the scores are those that a softmax still has to make shares of.
  private let appliesSoftmax: Bool

  /// The scores of one image as shares of 1, if no layer has made such of them.
  package func shares(_ scores: [Float]) -> [Float] {
    guard appliesSoftmax else { return scores }
    let most = scores.max() ?? 0
    let powers = scores.map { exponential(Double($0 - most)) }, sum = powers.reduce(0, +)
    return powers.map { Float($0 / sum) }
  }

  /// The blob of this name, or the one that says what an image is.
  ///
  /// - Throws: a blob that does not exist or has no scores, a net that does not tell.
  package init(_ graph: Graph, named given: String?) throws(Diagnostic) {
    let value = try given.map { name throws(Diagnostic) in try Self.value(name, graph) } ?? Self.likely(graph)
    guard let value else {
      throw Diagnostic(
        "no layer of the net tells where the scores of the classes are (Softmax, Accuracy, SoftmaxWithLoss); name their blob with "
          + "--scores")
    }
    let shape = graph.values[value].shape
    guard shape.rank >= 2, shape.count(from: 1) == shape[1] else {
      throw Diagnostic(
        "blob '\(graph.values[value].name)' is \(shape); scores are images x classes: name another blob with --scores")
    }
    let maker = graph.nodes.last { $0.tops.contains(value) }
    (name, classes) = (graph.values[value].name, shape[1])
    appliesSoftmax = !["Softmax", "Sigmoid"].contains(maker?.type)
  }

  private static func value(_ name: String, _ graph: Graph) throws(Diagnostic) -> Int {
    if let value = graph.values.lastIndex(where: { $0.name == name }) { return value }
    throw Diagnostic("the net has no blob '\(name)'", suggestion: name.nearest(in: graph.values.map(\.name)))
  }

  private static func likely(_ graph: Graph) -> Int? {
    if let softmax = graph.nodes.last(where: { $0.type == "Softmax" }) { return softmax.tops.first }
    return ["Accuracy", "SoftmaxWithLoss"].lazy.compactMap { type in
      graph.nodes.last { $0.type == type }?.bottoms.first
    }.first
  }
}
