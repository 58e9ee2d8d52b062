import Prototxt

extension GraphBuilder {
  /// Refuses layers that only forks of Caffe have, before anything else of the net is looked at.
  ///
  /// - Throws: one error for all of them, at the first one.
  func checkForks(_ layers: [Message]) throws(Diagnostic) {
    guard !options.acceptsOpaque else { return }
    let unsupported = layers.filter {
      let type = $0.string("type")
      return options.catalog[type] == nil && ForkTypes.origin(type) != nil
    }
    guard let first = unsupported.first, let origin = ForkTypes.origin(first.string("type")) else { return }
    throw Graph.error(
      in: first,
      "type '\(first.string("type"))' is not in BVLC's Caffe: \(origin). `crema summary` shows the net with such layers, and "
        + "`crema convert` converts its weights",
      at: first.location(of: "type"),
      notes: unsupported.dropFirst().prefix(8).map {
        Diagnostic(
          "so it is with layer '\($0.string("name"))' (\($0.string("type")))", at: $0.location(of: "type"),
          severity: .note)
      })
  }

  /// Whether nobody can tell the tops of a layer: its type is unknown, it runs in Python, or a bottom comes from such a layer.
  func isOpaque(_ definition: Message) -> Bool {
    let type = definition.string("type")
    guard !type.isEmpty else { return false }
    if options.catalog[type] == nil || type == PythonLayer.type { return true }
    if options.opaqueLayers.contains(definition.string("name")) { return true }
    return definition.strings("bottom").contains { name in available[name].map { !graph.values[$0].isKnown } ?? false }
  }

  /// Adds a layer as it is in the file. The shapes of its tops are unknown, except for those in place.
  mutating func addOpaque(_ definition: Message) throws(Diagnostic) {
    warn(definition)
    let names = definition.strings("bottom"), bottoms = try take(definition)
    var tops: [Int] = []
    for (i, top) in try topNames(definition, OpaqueLayer.self).enumerated() {
      if i < names.count, names[i] == top {
        tops.append(bottoms[i])
      } else {
        graph.values.append(Graph.Value(name: top, shape: [], isKnown: false))
        needsGradient.append(false)
        tops.append(graph.values.count - 1)
      }
      available[top] = tops[i]
    }
    graph.nodes.append(
      Graph.Node(
        name: definition.string("name"), type: definition.string("type"), definition: definition, layer: OpaqueLayer(),
        plan: Plan(tops: tops.map { graph.values[$0].shape }, division: .whole), bottoms: bottoms, tops: tops,
        weights: [],
        learns: [], lossWeights: tops.map { _ in 0 }, wanted: bottoms.map { _ in false }, runsBackward: false,
        isOpaque: true))
  }

  private mutating func warn(_ definition: Message) {
    let type = definition.string("type"), rest = "it is taken as it is, and shapes behind it are unknown"
    var warning: Diagnostic
    if type == PythonLayer.type {
      let parameters = definition.message("python_param")
      warning = Graph.error(
        in: definition, "computes by '\(parameters.string("module")).\(parameters.string("layer"))' in Python: \(rest)",
        at: definition.location(of: "type"))
    } else if options.catalog[type] == nil {
      warning = Graph.error(
        in: definition, "type '\(type)' is unknown: \(rest)", at: definition.location(of: "type"),
        suggestion: type.nearest(in: options.catalog.types))
    } else {
      return
    }
    warning.severity = .warning
    graph.warnings.append(warning)
  }
}

/// Stands for a layer that cannot be computed here.
struct OpaqueLayer: Layer {
  static let type = ""
  static let arity = Arity(bottoms: 0...Int.max, tops: 0...Int.max)
  static let traits = Traits.inPlace

  init() {}
  init(_ fields: Fields) throws(Diagnostic) {}
  func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan { throw ShapeError("it cannot be computed here") }
  func forward(_ pass: Pass) { pass.fail("it cannot be computed here") }
}
