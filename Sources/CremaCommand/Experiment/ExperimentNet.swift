import Crema
import Foundation
import Prototxt

/// The definitions of a network, changed as an experiment wants them.
struct ExperimentNet {
  /// The net of both phases.
  let net: NetDefinition
  private let network: Experiment.Network

  /// Reads the files of a network.
  ///
  /// - Parameter classes: the number of outputs that the layer below the loss gets; nil leaves it.
  /// - Throws: everything that is wrong with the text, or a net that an experiment cannot work with.
  init(_ network: Experiment.Network, classes: Int?) throws {
    self.network = network
    let path = "\(network.folder)/train_val.prototxt"
    guard FileManager.default.fileExists(atPath: path) else {
      throw Diagnostic(
        "network '\(network.name)': '\(path)' does not exist; run from the folder that the paths of the file start in",
        at: network.location)
    }
    var definition = try NetDefinition(contentsOf: path)
    if let classes {
      var message = definition.message
      try Self.set(classes: classes, in: &message, file: path)
      definition = NetDefinition(message, warnings: definition.warnings)
    }
    net = definition
  }

  private static func set(classes: Int, in net: inout Message, file: String) throws(Diagnostic) {
    var layers = net.messages("layer")
    guard let loss = layers.last(where: { $0.string("type") == "SoftmaxWithLoss" }),
      let scores = loss.strings("bottom").first,
      let place = layers.lastIndex(where: { $0.strings("top").contains(scores) && $0.string("type") == "InnerProduct" })
    else {
      throw Diagnostic(
        "'\(file)': the experiment says classes: \(classes), but no InnerProduct gives the scores of a SoftmaxWithLoss; leave out classes"
      )
    }
    var parameters = layers[place].message("inner_product_param")
    parameters.set("num_output", classes)
    layers[place].set("inner_product_param", parameters)
    net.set("layer", layers)
  }

  /// The solver that trains the net on a database: all that decides about the weights, but for where it starts.
  ///
  /// - Throws: what is wrong with the solver's file, or a net without one Data layer in phase TRAIN.
  func solver(on database: String, seed: Int, folder: String) throws -> SolverDefinition {
    var solver = try SolverDefinition(contentsOf: "\(network.folder)/solver.prototxt")
    for field in ["net", "test_iter", "test_interval", "test_initialization", "display", "weights"] {
      solver.message.remove(field)
    }
    for overrides in network.solver {
      for field in overrides.type.fields where overrides.has(field.name) {
        solver.message.fields.removeAll { $0.type == field }
        solver.message.fields += overrides.fields.filter { $0.type == field }
      }
    }
    solver.message.set("net_param", try training(on: database))
    solver.message.set("max_iter", network.iterations)
    solver.message.set("snapshot", 0)
    solver.message.set("snapshot_after_train", false)
    solver.message.set("snapshot_prefix", "\(folder)/snapshot")
    solver.message.set("random_seed", seed)
    return solver
  }

  /// The net with its training images from a database.
  private func training(on database: String) throws(Diagnostic) -> Message {
    var message = net.message, layers = message.messages("layer")
    let places = layers.indices.filter { index in
      layers[index].string("type") == "Data"
        && !layers[index].messages("include").contains { $0.has("phase") && $0.enumeration("phase") == "TEST" }
    }
    guard places.count == 1, let place = places.first else {
      throw Diagnostic(
        "network '\(network.name)' has \(places.count) Data layers in phase TRAIN, where an experiment needs one",
        at: network.location)
    }
    var parameters = layers[place].message("data_param")
    parameters.set("source", database)
    parameters.set("backend", (DatabaseBackend(of: database) ?? .lmdb).enumeration)
    if let size = network.batchSize { parameters.set("batch_size", size) }
    layers[place].set("data_param", parameters)
    message.set("layer", layers)
    return message
  }

  /// The number of images of an update.
  static func batchSize(of solver: SolverDefinition) -> Int {
    let layers = solver.message.message("net_param").messages("layer")
    let data = layers.first { layer in
      layer.string("type") == "Data"
        && !layer.messages("include").contains { $0.has("phase") && $0.enumeration("phase") == "TEST" }
    }
    return (data?.message("data_param").int("batch_size") ?? 0) * solver.message.int("iter_size")
  }
}
