import Datasets
import Prototxt

/// A whole table as a file describes it: each network, trained on each dataset with each seed, and tested.
struct Experiment {
  /// A network: a folder with `train_val.prototxt` and `solver.prototxt`.
  struct Network {
    let name: String
    let folder: String
    let iterations: Int
    /// Images of an update; nil: as the file of the net says.
    let batchSize: Int?
    /// What replaces fields of the solver.
    let solver: [Message]
    let location: SourceLocation?
  }

  /// Images to train on, to test on, or both.
  struct DataSet {
    let name: String
    /// A database, a description of one that is made, or nothing.
    let train: Source?, test: Source?
    let location: SourceLocation?
  }

  /// Where images are.
  enum Source: Equatable {
    case database(String)
    case generated(GeneratedImages)
  }

  let name: String
  let networks: [Network]
  let dataSets: [DataSet]
  let seeds: [Int]
  /// The number of classes; nil: as the files of the nets say.
  let classes: Int?
  /// The number of updates from one snapshot to the next.
  let snapshot: Int
  /// The number of batches that BatchNorm's statistics are gathered over, behind the last update; 0: those of the whole run.
  let settle: Int
  /// Every run is tested on every dataset, and not on its own only.
  let isCrossTest: Bool
  /// The network that others are compared with.
  let reference: String?
}

extension Experiment {
  /// Reads a file.
  ///
  /// - Parameter small: with what its `small` replaces.
  /// - Throws: everything wrong with the text, or the first thing that is wrong with what it says.
  init(contentsOf path: String, small: Bool) throws(DiagnosticList) {
    let result = try TextParser.parse(contentsOf: path, as: ExperimentSchema.experiment)
    guard result.unknown.isEmpty else { throw DiagnosticList(result.unknown.map { $0.diagnostic() }) }
    do throws(Diagnostic) { try self.init(result.message, small: small) } catch { throw DiagnosticList([error]) }
  }

  private init(_ file: Message, small: Bool) throws(Diagnostic) {
    if small, !file.has("small") {
      throw Diagnostic(
        "the file has no small { } that --small could use; add it, or leave out --small", at: file.location)
    }
    let reader = ExperimentReader(file, small: small ? file.message("small") : nil)
    name = file.string("name")
    classes = try reader.count("classes", atLeast: 2)
    networks = try reader.networks()
    dataSets = try reader.dataSets()
    seeds = reader.shared("seed").ints("seed")
    snapshot = try reader.count("snapshot", atLeast: 1) ?? 1000
    settle = try reader.count("settle", atLeast: 0) ?? 0
    isCrossTest = file.bool("cross_test")
    reference = file.has("reference") ? file.string("reference") : nil
    guard !seeds.isEmpty else { throw Diagnostic("the experiment has no seed; give at least one", at: file.location) }
    guard Set(seeds).count == seeds.count else {
      throw reader.shared("seed").error("seed", index: seeds.count - 1, "a seed is given twice: \(seeds)")
    }
    if let reference, !networks.contains(where: { $0.name == reference }) {
      throw file.error(
        "reference", "no network is named '\(reference)'", suggesting: reference.nearest(in: networks.map(\.name)))
    }
  }
}

/// Reads the parts of an experiment's file, some of which its `small` replaces.
private struct ExperimentReader {
  let file: Message
  let small: Message?

  init(_ file: Message, small: Message?) { (self.file, self.small) = (file, small) }

  /// The message that counts for a field.
  func shared(_ field: String) -> Message {
    guard let small, small.type.field(field) != nil, small.has(field) else { return file }
    return small
  }

  /// A number, if it is given.
  func count(_ field: String, atLeast least: Int) throws(Diagnostic) -> Int? {
    try Self.count(field, in: shared(field), atLeast: least)
  }

  private static func count(_ field: String, in message: Message, atLeast least: Int) throws(Diagnostic) -> Int? {
    guard message.has(field) else { return nil }
    guard message.int(field) >= least else {
      throw message.error(field, "\(field) must be at least \(least), not \(message.int(field))")
    }
    return message.int(field)
  }

  /// What a network says of a number above 0, or else the experiment.
  private func own(_ field: String, of network: Message) throws(Diagnostic) -> Int? {
    if let own = try Self.count(field, in: network, atLeast: 1) { return own }
    return try count(field, atLeast: 1)
  }

  func networks() throws(Diagnostic) -> [Experiment.Network] {
    var networks: [Experiment.Network] = []
    for message in shared("network").messages("network") {
      let path = message.string("path")
      guard !path.isEmpty else {
        throw Diagnostic(
          "the network has no path: the folder with its train_val.prototxt and solver.prototxt", at: message.location)
      }
      guard let iterations = try own("iterations", of: message) else {
        throw Diagnostic(
          "neither the experiment nor the network says iterations, the number of updates", at: message.location)
      }
      let last = path.split(separator: "/").last.map(String.init) ?? path
      let overrides = [file, message, small].compactMap { $0 }.filter { $0.has("solver") }.map { $0.message("solver") }
      for solver in overrides { try Self.checkOverride(solver) }
      networks.append(
        Experiment.Network(
          name: message.has("name") ? message.string("name") : last, folder: path, iterations: iterations,
          batchSize: try own("batch_size", of: message),
          solver: overrides, location: message.location))
    }
    guard !networks.isEmpty else { throw Diagnostic("the experiment has no network", at: file.location) }
    try Self.checkNames(networks.map { ($0.name, $0.location) }, "networks")
    return networks
  }

  /// What an experiment decides by itself.
  private static let decided = [
    "net", "net_param", "train_net", "train_net_param", "test_net", "test_net_param", "train_state", "test_state",
    "test_iter", "test_interval", "max_iter", "snapshot", "snapshot_prefix", "snapshot_format", "snapshot_diff",
    "random_seed", "weights",
  ]

  private static func checkOverride(_ solver: Message) throws(Diagnostic) {
    for field in decided where solver.has(field) {
      throw solver.error(field, "the experiment itself decides about '\(field)' of its solvers; leave it out")
    }
  }

  func dataSets() throws(Diagnostic) -> [Experiment.DataSet] {
    var sets: [Experiment.DataSet] = []
    for message in shared("dataset").messages("dataset") { sets.append(try Self.dataSet(message)) }
    guard sets.contains(where: { $0.train != nil }) else {
      throw Diagnostic(
        "the experiment has no dataset to train on: give one with train, or with generated", at: file.location)
    }
    try Self.checkNames(sets.map { ($0.name, $0.location) }, "datasets")
    for set in sets where set.train != nil && set.test == nil && !file.bool("cross_test") {
      throw Diagnostic("dataset '\(set.name)' has nothing to test on; give it a test", at: set.location)
    }
    return sets
  }

  private static func dataSet(_ message: Message) throws(Diagnostic) -> Experiment.DataSet {
    let name = message.string("name")
    guard !name.isEmpty else { throw Diagnostic("the dataset has no name", at: message.location) }
    guard message.has("generated") else {
      guard message.has("train") || message.has("test") else {
        throw Diagnostic(
          "dataset '\(name)' is empty: give train and test (databases), or generated", at: message.location)
      }
      return Experiment.DataSet(
        name: name, train: message.has("train") ? .database(message.string("train")) : nil,
        test: message.has("test") ? .database(message.string("test")) : nil, location: message.location)
    }
    guard !message.has("train"), !message.has("test") else {
      throw message.error("generated", "dataset '\(name)' has both databases and generated; give one of them")
    }
    let generated = message.message("generated"), operations = try operations(generated)
    let images = { (count: String, offset: UInt64) -> Experiment.Source? in
      guard generated.int(count) > 0 else { return nil }
      return .generated(
        GeneratedImages(
          seed: UInt64(generated.int("seed")) &+ offset, count: generated.int(count),
          labels: GeneratedLabels(rawValue: generated.enumeration("labels")) ?? .kind, operations: operations))
    }
    return Experiment.DataSet(
      name: name, train: images("images", 0), test: images("test_images", GeneratedImages.testOffset),
      location: message.location)
  }

  /// The operations of generated images; one that does nothing if none is given.
  private static func operations(_ generated: Message) throws(Diagnostic) -> [OperationRule] {
    var rules: [OperationRule] = []
    for (index, name) in generated.strings("operation").enumerated() {
      guard let rule = OperationRule(name) else {
        throw generated.error(
          "operation", index: index, "there is no operation '\(name)'; there are \(OperationRule.help)")
      }
      rules.append(rule)
    }
    return rules.isEmpty ? [OperationRule("Raw")].compactMap { $0 } : rules
  }

  /// Names that differ, also as names of files.
  private static func checkNames(_ names: [(name: String, place: SourceLocation?)], _ what: String) throws(Diagnostic) {
    var seen: [String: String] = [:]
    for (name, place) in names {
      if let other = seen.updateValue(name, forKey: ExperimentFolder.fileName(name)) {
        throw Diagnostic(
          "two \(what) are named '\(name)'\(other == name ? "" : " and '\(other)', which are one name for files"); give each its own",
          at: place)
      }
    }
  }
}
