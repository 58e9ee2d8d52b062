import Prototxt

/// Builds the nets that a solver names, in Caffe's order: the training net, its weights, then each test net.
struct SolverNets {
  private let solver: SolverDefinition
  private let workers: Workers
  private let options: Solver.Options
  private let random: RandomStream
  private var message: Message { solver.message }

  init(_ solver: SolverDefinition, workers: Workers, options: Solver.Options) {
    (self.solver, self.workers, self.options) = (solver, workers, options)
    let seed = solver.message.int("random_seed")
    random = seed >= 0 ? RandomStream(seed: UInt32(truncatingIfNeeded: seed)) : RandomStream()
  }

  /// A net of the solver: given inline, or by the name of a file.
  private struct Source {
    let field: String
    let index: Int
    let inline: Message?
    let file: String?
    let location: SourceLocation?

    func definition(_ options: Solver.Options) throws(DiagnosticList) -> NetDefinition {
      if let inline { return NetDefinition(inline) }
      let (file, location) = (file ?? "", location)
      let path = try listing { () throws(Diagnostic) in
        try options.environment.resolve(file, "net", at: location)
      }
      return try NetDefinition(contentsOf: path, permissive: options.permissive, log: options.log)
    }
  }

  /// Every net that a field names, which may hold one or several.
  private func sources(_ field: String) -> [Source] {
    message.fields.filter { $0.name == field }.enumerated().map { i, given in
      var (inline, file): (Message?, String?) = (nil, nil)
      if case .message(let net) = given.value { inline = net }
      if case .string(let path) = given.value { file = path }
      return Source(field: field, index: i, inline: inline, file: file, location: given.location)
    }
  }

  private static let trainingFields = ["net", "net_param", "train_net", "train_net_param"]

  /// The training net, with the weights that the solver names.
  func trainingNet() throws(DiagnosticList) -> Net {
    let source = try trainingSource()
    let words = [
      "net": "net file: \(source.file ?? "")", "train_net": "train_net file: \(source.file ?? "")",
    ]
    let lines = ["train_net_param": 81, "train_net": 87, "net_param": 97, "net": 102]
    options.log.info(
      "solver.cpp", lines[source.field] ?? 102,
      "Creating training net \(source.file != nil ? "from \(words[source.field] ?? source.field)" : "specified in \(source.field).")"
    )
    let net = try replica(0, source, random)
    try load(into: net)
    return net
  }

  private func trainingSource() throws(DiagnosticList) -> Source {
    let given = Self.trainingFields.filter { message.has($0) }
    guard let field = given.first, given.count == 1 else {
      let problem =
        given.isEmpty
        ? "SolverParameter must specify a train net using one of these fields: net, net_param, train_net, train_net_param"
        : "SolverParameter must not contain more than one of the fields specifying a train net: \(given.joined(separator: ", "))"
      throw DiagnosticList([
        Diagnostic(problem, at: given.last.flatMap { message.location(of: $0) } ?? message.location)
      ])
    }
    return sources(field)[0]
  }

  /// The nets of the other ranks, which use the learnable weights of the first one.
  ///
  /// Caffe builds each of them in a thread of its own, with a stream of its own: first the training net, then the test nets, which
  /// nobody uses but which draw random numbers. Each thread takes a number of the first rank's stream.
  func replicas(of first: Net) throws(DiagnosticList) -> [Net] {
    let source = try trainingSource(), seed = message.int("random_seed")
    var nets: [Net] = []
    for rank in 1..<max(1, options.replicas) {
      let drawn = random.draw()
      let stream = RandomStream(seed: seed >= 0 ? UInt32(truncatingIfNeeded: seed &+ rank) : drawn)
      let net = try replica(rank, source, stream)
      net.shareLearnableWeights(with: first)
      if net.drawsInEachPass { _ = try testNets(random: stream, options(of: rank), loadsWeights: false) }
      nets.append(net)
    }
    return nets
  }

  private func options(of rank: Int) -> Solver.Options {
    var options = options
    options.environment.rank = rank
    options.environment.ranks = options.replicas
    if rank > 0 { options.log = .silent }
    return options
  }

  private func replica(_ rank: Int, _ source: Source, _ random: RandomStream) throws(DiagnosticList) -> Net {
    let options = options(of: rank), definition = try source.definition(options)
    var state = NetState(phase: .train).phaseMessage.merging(state: definition.message.message("state"))
    state = state.merging(state: message.message("train_state"))
    return try net(definition, state, random: random, options)
  }

  private func net(
    _ definition: NetDefinition, _ state: Message, random: RandomStream, _ options: Solver.Options,
    isForwardOnly: Bool = false
  ) throws(DiagnosticList) -> Net {
    var building = GraphBuilder.Options()
    (building.environment, building.log) = (options.environment, options.log)
    var running = options.net
    running.isForwardOnly = isForwardOnly
    if message.bool("debug_info") { running = running.separated }
    return try listing { () throws(Diagnostic) in
      let graph = try GraphBuilder.build(definition, state: state, options: building)
      if options.environment.rank == 0 { graph.warnings.forEach(options.warn) }
      if state.enumeration("phase") == Phase.train.rawValue,
        !graph.nodes.contains(where: { $0.lossWeights.contains { $0 != 0 } })
      {
        options.warn(
          Diagnostic(
            "net '\(graph.name)' has no loss in phase TRAIN: nothing will be learned", at: definition.message.location,
            severity: .warning))
      }
      return try Net(
        graph, random: random, workers: workers, environment: options.environment, options: running, log: options.log)
    }
  }

  /// Weights that the solver names in `weights`: each entry may list several files.
  private func load(into net: Net) throws(DiagnosticList) {
    for entry in message.strings("weights") {
      for file in entry.split(separator: ",").map({ $0.trimmed }) where !file.isEmpty {
        options.log.info("solver.cpp", 72, "Finetuning from \(file)")
        options.loaded(try listing { () throws(Diagnostic) in try WeightsFile.load(file, into: net, log: options.log) })
      }
    }
  }

  /// The test nets, each with the weights that the solver names.
  func testNets() throws(DiagnosticList) -> [Net] { try testNets(random: random, options, loadsWeights: true) }

  private func testNets(
    random: RandomStream, _ options: Solver.Options, loadsWeights: Bool
  ) throws(DiagnosticList) -> [Net] {
    let explicit = sources("test_net_param") + sources("test_net")
    let general = sources("net_param") + sources("net")
    let iterations = message.count("test_iter")
    try checkTestCounts(explicit: explicit.count, hasGeneral: !general.isEmpty, iterations: iterations)
    let copies = general.first.map { Array(repeating: $0, count: max(0, iterations - explicit.count)) } ?? []
    var nets: [Net] = []
    let states = message.messages("test_state")
    for (i, source) in (explicit + copies).enumerated() {
      let definition = try source.definition(options)
      options.log.info(
        "solver.cpp", 190,
        "Creating test net (#\(i)) specified by \(source.file.map { "\(source.field) file: \($0)" } ?? source.field)")
      var state = NetState(phase: .test).phaseMessage.merging(state: definition.message.message("state"))
      if i < states.count { state = state.merging(state: states[i]) }
      let net = try net(definition, state, random: random, options, isForwardOnly: true)
      if loadsWeights { try load(into: net) }
      nets.append(net)
    }
    return nets
  }

  private func checkTestCounts(explicit: Int, hasGeneral: Bool, iterations: Int) throws(DiagnosticList) {
    let fits = hasGeneral ? iterations >= explicit : iterations == explicit
    guard fits else {
      throw DiagnosticList([
        message.error(
          "test_iter",
          "test_iter must be specified for each test network: \(explicit) test nets, \(iterations) values of test_iter")
      ])
    }
    let total = max(explicit, iterations), states = message.count("test_state")
    guard states == 0 || states == total else {
      throw DiagnosticList([
        message.error(
          "test_state",
          "test_state must be unspecified or specified once per test net: \(total) test nets, \(states) states")
      ])
    }
    if total > 0, message.int("test_interval") <= 0 {
      throw DiagnosticList([
        message.error(
          "test_iter",
          "test_iter asks for tests, so test_interval must be at least 1, not \(message.int("test_interval"))")
      ])
    }
  }
}

extension NetState {
  /// A message that sets the phase alone.
  fileprivate var phaseMessage: Message {
    var message = Message(CaffeSchema.state)
    message.set("phase", phase.rawValue)
    return message
  }
}

extension StringProtocol {
  /// Without white space at both ends.
  var trimmed: String {
    var view = Substring(self)
    while view.first?.isWhitespace == true { view.removeFirst() }
    while view.last?.isWhitespace == true { view.removeLast() }
    return String(view)
  }
}
