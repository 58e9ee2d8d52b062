import Prototxt

/// A net that runs: memory, and the steps that compute it.
public final class Net {
  /// How a net runs. Nothing here changes results, except for rounding between engines.
  public struct Options: Sendable {
    /// Runs each layer as a step of its own, for timing or for reading every blob between layers.
    public var separatesLayers = false
    /// Keeps the gradient of every blob after a backward pass.
    public var keepsGradients = false
    /// The blobs that can be read after a forward pass. Without an engine, or if layers are separated or gradients kept, all can.
    public var watched = Watched.outputs
    /// The net never runs backward, although it has a loss: what only a backward pass needs is neither kept nor computed.
    public var isForwardOnly = false
    /// The names of passes over the graph that are left out: each saves work, and changes results by rounding at most.
    public var disabledPasses: Set<String> = []
    /// What computes faster than the layers' own code, if anything does.
    package var engine: (any Engine)?
    /// An engine, in chains.
    package init(engine: (any Engine)? = nil) { self.engine = engine }
    /// The layers' own code, in chains.
    public init() {}

    /// The same, with each blob as its layer leaves it before the next layer runs, for `DebugInfo`: nothing is fused.
    package var separated: Options {
      var options = self
      (options.separatesLayers, options.keepsGradients) = (true, true)
      return options
    }
  }

  /// What the net computes.
  public var graph: Graph { memory.graph }
  /// All blobs.
  package internal(set) var memory: Memory
  /// The threads that compute.
  package let workers: Workers
  private let options: Options
  let log: Log
  let random: RandomStream
  /// What nodes get before they run, in their order.
  private(set) var supplies: [(node: Int, kind: Supply)] = []
  /// The nodes that decide how many images they give.
  private let deciders: [Int]
  private var built: Schedule?
  /// Which gradients share memory: they cannot be read after a pass.
  private(set) var sharedGradients: SharedGradients?
  /// Whether shapes have changed, so that gradients no longer share memory.
  private var isReshaped = false

  /// What a node gets before it runs.
  enum Supply {
    case source(any InputSource)
    case layer(any DrawingLayer)
  }

  /// What a forward pass may change.
  private var statistics: [Tensor] {
    guard graph.state.phase == .train else { return [] }
    return zip(graph.nodes, memory.weights).flatMap { node, blobs in
      zip(node.plan.weights, blobs).filter { $0.0.isStatistic }.map(\.1.data)
    }
  }

  /// Allocates the memory of a graph, fills its weights and opens its data sources, in the order of layers.
  ///
  /// - Throws: a source that cannot be opened, or a blob in the definition that does not fit.
  public init(
    _ graph: Graph, random: RandomStream, workers: Workers, environment: InputEnvironment = InputEnvironment(),
    options: Options = Options(), log: Log = .silent
  ) throws(Diagnostic) {
    useOneThreadForBLAS()
    let graph = options.isForwardOnly ? graph.withoutBackward : graph
    (self.random, self.workers, self.options, self.log) = (random, workers, options, log)
    deciders = graph.nodes.indices.filter { graph.nodes[$0].layer is any DecidingLayer }
    var supplies: [(node: Int, kind: Supply)] = []
    memory = try Memory(graph, workers: workers.count) { (index, weights) throws(Diagnostic) in
      let node = graph.nodes[index]
      if let source = node.layer as? any SourceLayer {
        let opened = try source.open(environment, shapes: node.plan.tops, random: random, log: log)
        supplies.append((index, .source(opened)))
      }
      if let layer = node.layer as? any DrawingLayer { supplies.append((index, .layer(layer))) }
      try Net.fill(weights, of: node, from: random)
    }
    self.supplies = supplies
  }

  /// First values: the blobs that the definition holds, or those of the fillers.
  private static func fill(_ weights: [Blob], of node: Graph.Node, from random: RandomStream) throws(Diagnostic) {
    let given = node.definition.messages("blobs")
    guard given.isEmpty else {
      for (i, (blob, message)) in zip(weights, given).enumerated() {
        let values = message.floats("data")
        guard values.count == blob.data.count else {
          throw Graph.error(
            in: node.definition, "blobs[\(i)] holds \(values.count) numbers, but the layer's blob is \(blob.shape)",
            at: message.location)
        }
        blob.data.copy(Tensor(blob.shape, values))
      }
      return
    }
    for round in 0..<(node.plan.weights.map(\.draws).max() ?? 0) {
      for (weight, blob) in zip(node.plan.weights, weights) where round < weight.draws {
        guard round == 0 || !weight.filler.isConstant else { continue }
        weight.filler.fill(round == 0 ? blob.data : Tensor(blob.shape), from: random)
      }
    }
  }

  var schedule: Schedule {
    if let built { return built }
    var schedule = scheduler.schedule()
    if let shared = gradients(of: schedule) {
      sharedGradients = shared
      memory.place(shared)
      schedule = scheduler.schedule()
    }
    built = schedule
    return schedule
  }

  /// Which gradients may share memory, if some may.
  private func gradients(of schedule: Schedule) -> SharedGradients? {
    guard let engine = options.engine, engine.fuses, !options.separatesLayers, !options.keepsGradients,
      deciders.isEmpty,
      !isReshaped, sharedGradients == nil, !options.disabledPasses.contains(SharedGradients.name)
    else { return nil }
    return SharedGradients(graph, schedule.steps, watched: Demands(graph, options).watched)
  }

  private var scheduler: Scheduler {
    Scheduler(
      memory, engine: options.engine, separates: options.separatesLayers, demands: Demands(memory.graph, options))
  }

  /// Goes on with the same graph after some shapes have changed.
  ///
  /// - Parameter node: the first node that may have other bottoms; steps before it stay.
  func adopt(_ graph: Graph, from node: Int) {
    if let sharedGradients {
      memory.separate(sharedGradients)
      (self.sharedGradients, built) = (nil, nil)
    }
    isReshaped = true
    memory.reshape(graph)
    built = built.map { scheduler.schedule(keeping: $0, before: node) }
  }

  /// The data source of a node, if it has one.
  func source(of node: Int) -> (any InputSource)? {
    supplies.lazy.compactMap { supply in
      if supply.node == node, case .source(let source) = supply.kind { source } else { nil }
    }.first
  }

  /// Runs all layers once: takes the next batch of every data source, and writes every blob's data.
  ///
  /// - Parameter observe: called after each step with the nodes it computed.
  /// - Returns: the sum of all losses, each times its weight.
  /// - Throws: what is wrong with the batch, such as a label without a class.
  @discardableResult
  public func forward(observe: (Range<Int>) -> Void = { _ in }) throws(Diagnostic) -> Float {
    try compute(takesBatches: true, observe)
  }

  /// Runs all layers once on given values instead of the next batch of the data sources.
  ///
  /// - Parameter values: by the name of the blob, all of its numbers in C order; other blobs keep what they hold.
  @discardableResult
  public func forward(feeding values: [String: [Float]]) throws(Diagnostic) -> Float {
    for (name, numbers) in values {
      guard let blob = blob(name) else { throw Diagnostic("the net has no blob '\(name)'") }
      guard numbers.count == blob.data.count else {
        throw Diagnostic("blob '\(name)' is \(blob.shape): it takes \(blob.data.count) numbers, not \(numbers.count)")
      }
      blob.data.copy(numbers)
    }
    return try compute(takesBatches: false) { _ in }
  }

  /// Runs all layers; those behind a node that decides about its tops' shapes are supplied and run when it has.
  private func compute(takesBatches: Bool, _ observe: (Range<Int>) -> Void) throws(Diagnostic) -> Float {
    var first = 0
    for decider in deciders + [graph.nodes.count - 1] {
      let part = first..<decider + 1
      try supply(part, takesBatches: takesBatches)
      let schedule = schedule
      schedule.prepare(on: workers)
      for step in schedule.steps where part.contains(step.nodes.lowerBound) {
        for phase in 0..<step.forwardPhases {
          workers.run(step.jobs) { worker, job in step.forward(phase * step.jobs + job, worker: worker) }
        }
        step.finishForward()
        try checkFailures(step.nodes)
        if step.nodes.contains(decider) { try decide(decider) }
        observe(step.nodes)
      }
      first = part.upperBound
    }
    for statistic in statistics { statistic.noteChange() }
    return loss
  }

  private func checkFailures(_ nodes: Range<Int>) throws(Diagnostic) {
    for node in nodes {
      if let message = memory.failures[node].take() { throw Graph.error(in: graph.nodes[node].definition, message) }
    }
  }

  /// The sum over all tops with a loss weight of their values times the weight, as of the last forward pass.
  public var loss: Float {
    var total: Float = 0
    for node in graph.nodes {
      for (top, weight) in zip(node.tops, node.lossWeights) where weight != 0 {
        total += memory.values[top].data.dot(memory.values[top].gradient)
      }
    }
    return total
  }

  /// Computes the gradients of the loss: blobs' gradients are written, weights' gradients are added to.
  ///
  /// - Throws: a layer that has no derivative and is asked for one.
  public func backward(observe: (Range<Int>) -> Void = { _ in }) throws(Diagnostic) {
    precondition(!options.isForwardOnly, "this net was built to run forward only")
    try checkDerivatives()
    let schedule = schedule
    for gradient in memory.gradients.outdated where !schedule.starts(gradient) { gradient.clear() }
    for step in schedule.steps.reversed() where step.nodes.contains(where: { graph.nodes[$0].runsBackward }) {
      run(backward: step)
      if options.separatesLayers { for index in step.sums.indices { step.sum(index) } }
      observe(step.nodes)
    }
    if !options.separatesLayers { schedule.sum(on: workers) }
    memory.gradients.areOutdated = false
    memory.gradients.outdated = []
  }

  /// Runs one layer backward, from the gradients that its tops hold; the layer must be a step of its own.
  package func backward(node: Int) throws(Diagnostic) {
    guard let step = schedule.steps.first(where: { $0.nodes == node..<node + 1 }) else {
      preconditionFailure("node \(node) is no step of its own")
    }
    run(backward: step)
    for index in step.sums.indices { step.sum(index) }
  }

  private func run(backward step: any Step) {
    step.startBackward()
    for phase in 0..<step.backwardPhases {
      workers.run(step.backwardJobs) { worker, job in step.backward(phase * step.backwardJobs + job, worker: worker) }
    }
    step.finishBackward()
  }

  private func checkDerivatives() throws(Diagnostic) {
    for node in graph.nodes where node.runsBackward {
      let traits = type(of: node.layer).traits
      if !traits.hasBackward, node.wanted.contains(true) {
        throw Graph.error(
          in: node.definition, "has no derivative, and something asks for one (force_backward or propagate_down?)")
      }
      for (bottom, wanted) in node.wanted.enumerated()
      where wanted && !traits.hasGradient(bottom: bottom, of: node.wanted.count) {
        throw Graph.error(
          in: node.definition, "cannot backpropagate to bottom \(bottom) ('\(graph.values[node.bottoms[bottom]].name)')"
        )
      }
    }
  }

  /// Weights' gradients become zero: the start of an iteration.
  public func clearGradients() {
    clear { _ in true }
    memory.gradients.areOutdated = false
    memory.gradients.outdated = []
  }

  /// The same for whoever reads no gradient before the next backward pass: those that it writes whole are left as they are.
  package func startGradients() {
    let schedule = schedule
    clear { !schedule.starts($0) }
    memory.gradients.areOutdated = true
    memory.gradients.outdated = schedule.steps.flatMap(\.started)
  }

  private func clear(_ isCleared: (Tensor) -> Bool) {
    let blobs = graph.parameters.map { memory.blob(of: $0).gradient }.filter(isCleared)
    workers.run(blobs.count) { _, i in blobs[i].clear() }
  }

  /// Lets this replica use the learnable weights of another one; statistics stay its own.
  func shareLearnableWeights(with other: Net) {
    for (i, node) in graph.nodes.enumerated() {
      for (j, weight) in node.plan.weights.enumerated() where !weight.isStatistic {
        memory.alias(node: i, weight: j, to: other.memory.weights[i][j].data)
      }
    }
    built = nil
  }

  /// Takes over the statistics of another replica, as Caffe does once, before it trains.
  func copyStatistics(of other: Net) {
    for (i, node) in graph.nodes.enumerated() {
      for (j, weight) in node.plan.weights.enumerated() where weight.isStatistic {
        memory.weights[i][j].data.copy(other.memory.weights[i][j].data)
        memory.weights[i][j].data.noteChange()
      }
    }
  }

  /// Whether a pass draws random numbers.
  var drawsInEachPass: Bool {
    supplies.contains { supply in
      if case .layer = supply.kind { true } else { graph.nodes[supply.node].type == DummyData.type }
    }
  }

  /// Statistics that layers gather over batches, such as BatchNorm's, begin anew.
  public func resetStatistics() {
    for (node, blobs) in zip(graph.nodes, memory.weights) {
      for (weight, blob) in zip(node.plan.weights, blobs) where weight.isStatistic {
        blob.data.clear()
        blob.data.noteChange()
      }
    }
  }

  /// Whether all weights and statistics are finite numbers.
  package var hasFiniteWeights: Bool {
    memory.weights.joined().allSatisfy { $0.data.values.allSatisfy(\.isFinite) }
  }

  /// The blob of this name.
  ///
  /// An engine keeps the values within its chains to itself: of a net that has one, only the blobs that `Options.watched` names hold
  /// what was computed. A net without an engine writes every blob.
  public func blob(_ name: String) -> Blob? { graph.value(name).map { memory.values[$0] } }

  /// The weights of a layer. Whoever has them may change them at any time; a net that prepares weights for its kernels does so
  /// before every pass from then on.
  public func weights(of layer: String) -> [Blob]? {
    guard let weights = graph.node(layer).map({ memory.weights[$0] }) else { return nil }
    for blob in weights { blob.data.lendForGood() }
    return weights
  }

  /// Lets the layers of this net use the weights of another net's layers of the same names, as test nets do.
  ///
  /// - Throws: layers whose blobs differ in number or shape.
  public func shareWeights(with other: Net) throws(Diagnostic) {
    for (index, source) in other.graph.nodes.enumerated() {
      guard let target = graph.node(source.name) else {
        log.info("net.cpp", 746, "Ignoring source layer \(source.name)")
        continue
      }
      let (theirs, ours) = (other.memory.weights[index], memory.weights[target])
      guard theirs.count == ours.count else {
        throw Graph.error(
          in: graph.nodes[target].definition,
          "has \(ours.count) blobs here and \(theirs.count) in the training net; the two cannot share weights")
      }
      for (i, (their, our)) in zip(theirs, ours).enumerated() where !their.data.isSame(as: our.data) {
        guard their.shape == our.shape else {
          throw Graph.error(
            in: graph.nodes[target].definition,
            "cannot share blob \(i): it is \(our.shape) here and \(their.shape) in the training net")
        }
        memory.alias(node: target, weight: i, to: their.data)
        built = nil
      }
    }
  }
}
