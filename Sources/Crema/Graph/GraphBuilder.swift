import Prototxt

/// Makes a graph of a net definition: everything is checked here, in the order of the file, and nothing is allocated.
public struct GraphBuilder {
  /// What a net is built with.
  public struct Options: Sendable {
    /// The layer types that may be used.
    public var catalog = LayerCatalog.standard
    /// Where data layers look for their sources.
    public var environment = InputEnvironment()
    /// Layers that nobody can compute here become opaque nodes instead of errors: the graph can be shown, and weights converted.
    public var acceptsOpaque = false
    /// The names of layers that are opaque nodes although their types are known, if such nodes are accepted.
    package var opaqueLayers: Set<String> = []
    /// Takes Caffe's construction lines.
    public var log = Log.silent

    /// The standard catalog, the current folder, and no log.
    public init() {}
  }

  let options: Options
  var graph = Graph()
  /// Values that nobody has read yet, by name.
  var available: [String: Int] = [:]
  private var makers: [String: Message] = [:]
  /// The first node of each name.
  private var nodes: [String: Int] = [:]
  var needsGradient: [Bool] = []
  private var memory = 0
  var owners: [String: Int] = [:]

  /// The graph of `definition` in a state.
  ///
  /// - Throws: the first thing that is wrong with the definition, at its place in the file.
  public static func build(
    _ definition: NetDefinition, state message: Message, options: Options = Options()
  ) throws(Diagnostic) -> Graph {
    let state = NetState(message)
    var net = definition.message
    net.set("state", message)
    net = try FilterByState.apply(net, state, log: options.log)
    options.log.info("net.cpp", 53, "Initializing net from parameters: \n\(TextPrinter.print(net))")
    net = try InsertSplits.apply(net, filteredFrom: definition.message.messages("layer"))
    var builder = GraphBuilder(options)
    builder.graph.name = net.string("name")
    builder.graph.state = state
    builder.graph.debugInfo = net.bool("debug_info")
    builder.graph.warnings = definition.warnings
    let layers = net.messages("layer")
    guard !layers.isEmpty else {
      throw Diagnostic(
        "the net has no layer in phase \(state.phase.rawValue); a net needs at least one", at: net.location)
    }
    try builder.checkForks(layers)
    for layer in layers { try builder.add(layer) }
    builder.finish(forcesBackward: net.bool("force_backward"))
    return builder.graph
  }

  private init(_ options: Options) { self.options = options }

  private mutating func add(_ definition: Message) throws(Diagnostic) {
    var definition = definition
    let name = definition.string("name")
    if !definition.has("phase") { definition.set("phase", graph.state.phase.rawValue) }
    let phase = Phase(rawValue: definition.enumeration("phase")) ?? .test
    options.log.info("layer_factory.hpp", 77, "Creating layer \(name)")
    warnIfTwice(definition)
    if options.acceptsOpaque, isOpaque(definition) { return try addOpaque(definition) }
    let kind = try kind(of: definition)
    try checkCounts(definition, kind)
    let layer = try make(kind, Fields(definition, phase: phase, environment: options.environment))
    (layer as? any SourceLayer)?.announce(options.environment, log: options.log)
    let bottoms = try take(definition)
    var tops = try topNames(definition, kind)
    let plan = try plan(layer, definition, bottoms.map { graph.values[$0].shape }, tops: &tops)
    let lossWeights = try lossWeights(&definition, kind, tops: tops.count)
    logSetup(name, tops, plan, lossWeights)
    try addNode(definition, kind, layer, plan, bottoms, tops, lossWeights)
  }

  private mutating func warnIfTwice(_ definition: Message) {
    let name = definition.string("name")
    guard !name.isEmpty else { return }
    guard let other = nodes[name] else {
      nodes[name] = graph.nodes.count
      return
    }
    graph.warnings.append(
      Diagnostic(
        "two layers are named '\(definition.string("name"))': weights are loaded into the first one only",
        at: definition.location(of: "name"), severity: .warning,
        notes: [
          Diagnostic("the first one", at: graph.nodes[other].definition.location(of: "name"), severity: .note)
        ]))
  }

  private func kind(of definition: Message) throws(Diagnostic) -> any Layer.Type {
    let type = definition.string("type")
    if let kind = options.catalog[type] { return kind }
    let problem = type.isEmpty ? "the layer has no type" : "type '\(type)' is unknown"
    throw Graph.error(
      in: definition, problem, at: definition.location(of: "type"),
      suggestion: type.isEmpty ? nil : type.nearest(in: options.catalog.types))
  }

  private func checkCounts(_ definition: Message, _ kind: any Layer.Type) throws(Diagnostic) {
    let (bottoms, tops) = (definition.count("bottom"), definition.count("top"))
    let arity = kind.arity
    guard arity.bottoms.contains(bottoms) else {
      throw Graph.error(in: definition, "takes \(arity.bottoms.phrase("bottom")), not \(bottoms)")
    }
    let fewest = kind.traits.isLoss ? 0 : arity.tops.lowerBound
    guard (fewest...max(fewest, arity.tops.upperBound)).contains(tops) else {
      throw Graph.error(in: definition, "produces \(arity.tops.phrase("top")), not \(tops)")
    }
    guard !arity.oneTopForEachBottom || bottoms == tops else {
      throw Graph.error(in: definition, "produces one top for each bottom: \(bottoms) bottoms, but \(tops) tops")
    }
    let flags = definition.count("propagate_down")
    guard flags == 0 || flags == bottoms else {
      throw Graph.error(
        in: definition,
        "propagate_down must be given for each bottom or not at all: \(bottoms) bottoms, \(flags) values",
        at: definition.location(of: "propagate_down"))
    }
  }

  private func make(_ kind: any Layer.Type, _ fields: Fields) throws(Diagnostic) -> any Layer {
    do { return try kind.layer(fields) } catch {
      var named = Graph.error(
        in: fields.message, error.message, at: error.location, notes: error.notes, suggestion: error.suggestion)
      named.severity = error.severity
      throw named
    }
  }

  /// The values of the bottoms, which are now read.
  mutating func take(_ definition: Message) throws(Diagnostic) -> [Int] {
    let name = definition.string("name")
    options.log.info("net.cpp", 86, "Creating Layer \(name)")
    var values: [Int] = []
    for (i, bottom) in definition.strings("bottom").enumerated() {
      guard let value = available.removeValue(forKey: bottom) else {
        throw definition.error(
          "bottom", index: i,
          "Unknown bottom blob '\(bottom)' (layer '\(name)', bottom index \(i)): it is read already or changed in place"
        )
      }
      options.log.info("net.cpp", 408, "\(name) <- \(bottom)")
      values.append(value)
    }
    return values
  }

  /// The names of the tops that the file gives, and of those that a loss makes by itself.
  mutating func topNames(_ definition: Message, _ kind: any Layer.Type) throws(Diagnostic) -> [String] {
    let (name, bottoms) = (definition.string("name"), definition.strings("bottom"))
    var tops = definition.strings("top")
    for (i, top) in tops.enumerated() {
      let isInPlace = i < bottoms.count && bottoms[i] == top
      if isInPlace, !kind.traits.inPlace {
        throw Graph.error(
          in: definition, "cannot be computed in place; give the top another name than '\(top)'",
          at: definition.location(of: "top", index: i))
      }
      if !isInPlace, let maker = makers[top] {
        throw Diagnostic(
          "Top blob '\(top)' produced by multiple sources: layer '\(name)' makes it again; rename one of them",
          at: definition.location(of: "top", index: i),
          notes: [Diagnostic("layer '\(maker.string("name"))' makes it first", at: maker.location, severity: .note)])
      }
      options.log.info("net.cpp", isInPlace ? 369 : 382, "\(name) -> \(top)\(isInPlace ? " (in-place)" : "")")
      if !isInPlace { makers[top] = definition }
    }
    while kind.traits.isLoss, tops.count < kind.arity.tops.lowerBound {
      options.log.info("net.cpp", 382, "\(name) -> (automatic)")
      tops.append("(automatic)")
    }
    return tops
  }

  private mutating func plan(
    _ layer: any Layer, _ definition: Message, _ bottoms: [Shape], tops: inout [String]
  ) throws(Diagnostic) -> Plan {
    var plan: Plan
    if let source = layer as? any SourceLayer {
      do { plan = Plan(tops: try source.probe(options.environment, log: options.log), division: .whole) } catch {
        throw Graph.error(
          in: definition, error.message, at: error.location, notes: error.notes, suggestion: error.suggestion)
      }
    } else {
      do { plan = try layer.plan(bottoms) } catch {
        let notes = definition.strings("bottom").enumerated().compactMap { i, bottom in
          makers[bottom].map { maker in
            Diagnostic(
              "bottom '\(bottom)' is \(bottoms[i]), made by layer '\(maker.string("name"))'", at: maker.location,
              severity: .note)
          }
        }
        throw Graph.error(in: definition, error.message, at: error.location, notes: notes)
      }
    }
    graph.warnings += plan.warnings.map { Graph.warning(in: definition, $0) }
    for weight in plan.weights {
      do throws(ShapeError) { try weight.filler.check(weight.shape) } catch {
        throw Graph.error(in: definition, error.message, at: error.location)
      }
    }
    for (top, shape) in zip(tops, plan.tops) where shape.checkedCount == nil {
      throw Graph.error(
        in: definition,
        "top '\(top)' would be \(shape): more than \(Shape.largestCount) numbers, the most a blob may have")
    }
    if let shape = plan.oversized {
      throw Graph.error(
        in: definition, "needs numbers of the shape \(shape) for itself, which is more than a blob may have")
    }
    return plan
  }

  /// One weight for each top. A loss whose weights the file leaves out has weight 1, which its definition then says.
  private func lossWeights(
    _ definition: inout Message, _ kind: any Layer.Type, tops: Int
  ) throws(Diagnostic) -> [Float] {
    var weights = definition.floats("loss_weight")
    if weights.isEmpty {
      guard kind.traits.isLoss else { return Array(repeating: 0, count: tops) }
      definition.set("loss_weight", [Float(1)])
      weights = [1]
    }
    guard weights.count == tops else {
      throw Graph.error(
        in: definition,
        "loss_weight must be unspecified or specified once per top: \(tops) tops, \(weights.count) weights",
        at: definition.location(of: "loss_weight"))
    }
    return weights
  }

  private mutating func logSetup(_ name: String, _ tops: [String], _ plan: Plan, _ lossWeights: [Float]) {
    for _ in 0..<plan.innerLayers { options.log.info("layer_factory.hpp", 77, "Creating layer \(name)") }
    options.log.info("net.cpp", 124, "Setting up \(name)")
    for (shape, weight) in zip(plan.tops, lossWeights) {
      options.log.info("net.cpp", 131, "Top shape: \(shape.logDescription)")
      if weight != 0 { options.log.info("net.cpp", 134, "    with loss weight \(logNumber(weight))") }
      memory += shape.count * MemoryLayout<Float>.stride
    }
    options.log.info("net.cpp", 139, "Memory required for data: \(memory)")
  }

  private mutating func addNode(
    _ definition: Message, _ kind: any Layer.Type, _ layer: any Layer, _ plan: Plan, _ bottoms: [Int], _ tops: [String],
    _ lossWeights: [Float]
  ) throws(Diagnostic) {
    let names = definition.strings("bottom")
    var indices: [Int] = []
    for (i, (top, shape)) in zip(tops, plan.tops).enumerated() {
      if i < names.count, names[i] == top {
        guard graph.values[bottoms[i]].shape == shape else {
          throw Graph.error(
            in: definition,
            "cannot be computed in place: '\(top)' is \(graph.values[bottoms[i]].shape) before and \(shape) after")
        }
        indices.append(bottoms[i])
      } else {
        graph.values.append(Graph.Value(name: top, shape: shape))
        needsGradient.append(false)
        indices.append(graph.values.count - 1)
      }
      if top != "(automatic)" { available[top] = indices[i] }
      if kind.type == "Input" { graph.inputs.append(indices[i]) }
    }
    var held = definition
    let given = definition.messages("param")
    let weights = try parameters(of: &held, plan, node: graph.nodes.count)
    let learns = plan.weights.indices.map { $0 < given.count ? given[$0].float("lr_mult") != 0 : true }
    let flags = definition.bools("propagate_down")
    let wanted = bottoms.indices.map { flags.isEmpty ? needsGradient[bottoms[$0]] : flags[$0] }
    let runs = bottoms.contains { needsGradient[$0] } || learns.contains(true)
    if runs { for top in indices { needsGradient[top] = true } }
    graph.nodes.append(
      Graph.Node(
        name: definition.string("name"), type: kind.type, definition: held, layer: layer, plan: plan, bottoms: bottoms,
        tops: indices, weights: weights, learns: learns, lossWeights: lossWeights, wanted: wanted, runsBackward: runs))
  }

  private mutating func finish(forcesBackward: Bool) {
    let before = graph.nodes.map(\.runsBackward)
    graph.decideBackward(forced: forcesBackward, log: options.log)
    graph.warnings += Quirks(graph, ranBackward: before).warnings
    graph.outputs = available.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value)
    for output in graph.outputs {
      options.log.info("net.cpp", 244, "This network produces output \(graph.values[output].name)")
    }
    options.log.info("net.cpp", 257, "Network initialization done.")
  }
}

extension ClosedRange<Int> {
  /// `2 bottoms`, `at least 1 top`, `1 to 2 tops`.
  fileprivate func phrase(_ noun: String) -> String {
    let plural = { (n: Int) in n == 1 ? noun : noun + "s" }
    if lowerBound == upperBound { return lowerBound == 0 ? "no \(noun)" : "\(lowerBound) \(plural(lowerBound))" }
    if upperBound == .max { return "at least \(lowerBound) \(plural(lowerBound))" }
    return "\(lowerBound) to \(upperBound) \(plural(upperBound))"
  }
}
