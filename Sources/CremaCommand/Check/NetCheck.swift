import Crema
import Prototxt

/// Looks at a net in its phases: text, shapes, habits that cost, data, weights, one batch.
struct NetCheck {
  let report: CheckReport
  let options: ModelOptions
  let workers: Workers
  /// How nets run; layers apart, so that every blob can be looked at.
  let netOptions: Net.Options
  /// Files of weights.
  let weights: [String]
  let databases: DatabaseCheck

  /// Everything about a net's file: both phases if it has data of its own, else phase TEST.
  func check(_ path: String) {
    let read = report.part { try NetDefinition(contentsOf: path, permissive: options.permissive) }
    guard let definition = read else { return }
    definition.warnings.forEach(report.add)
    let inputs = definition.message.messages("layer").filter { $0.string("type") == "Input" }
    for phase in inputs.isEmpty ? [Phase.train, .test] : [.test] {
      var building = GraphBuilder.Options()
      building.environment = environment
      let state = options.state(of: definition.message, phase: phase)
      let built = report.part { try GraphBuilder.build(definition, state: state, options: building) }
      guard let graph = built, !graph.nodes.isEmpty else { continue }
      check(graph)
      let net = report.part {
        try Net(graph, random: RandomStream(seed: 1), workers: workers, environment: environment, options: netOptions)
      }
      if let net { run(net) }
    }
  }

  /// Where sources are found; what they remark goes into the report.
  var environment: InputEnvironment {
    var environment = options.environment
    environment.warn = { [report] in report.add(Diagnostic($0, severity: .warning)) }
    return environment
  }

  /// Shapes, habits and data of a net that could be built.
  func check(_ graph: Graph) {
    graph.warnings.forEach(report.add)
    let lint = GraphLint(graph)
    lint.warnings.forEach(report.add)
    let numbers = graph.values.reduce(0) { $0 + $1.shape.count },
      name = graph.name.isEmpty ? "the net" : "'\(graph.name)'"
    report.passed(
      "\(name) in phase \(graph.state.phase.rawValue)",
      "\(graph.nodes.count) layers, \(graph.parameters.reduce(0) { $0 + $1.shape.count }.grouped) parameters, blobs of \(NetSummary.size(4 * numbers))"
    )
    for node in graph.nodes {
      guard let survey = databases.survey(node) else { continue }
      databases.checkSizes(survey, of: node)
      guard node.tops.count > 1 else { continue }
      for reader in lint.readers(of: node.tops[1], behind: node) where reader.bottoms.count > 1 {
        databases.checkLabels(survey, of: node, with: reader, lint)
      }
    }
  }

  /// Gives a net its weights; false if they cannot be taken.
  private func load(into net: Net) -> Bool {
    guard !weights.isEmpty else { return true }
    guard let loading = report.part({ try WeightsFile.load(weights, into: net, log: .silent) }) else { return false }
    report.passed("weights", loading.summary)
    for layer in loading.layers(.notFound) {
      report.add(
        Diagnostic(
          "layer '\(layer.name)' (\(layer.type)) finds no weights in \(weights.joined(separator: ", ")) and keeps what its "
            + "fillers give\(layer.hint.isEmpty ? "" : "; \(layer.hint)")", severity: .warning))
    }
    return true
  }

  /// Gives a net its weights, and runs one batch through it.
  func run(_ net: Net) {
    // Without weights, BatchNorm has no statistics yet: phase TEST says nothing then.
    let phase = net.graph.state.phase, lint = GraphLint(net.graph)
    guard load(into: net), net.graph.inputs.isEmpty, phase == .train || !weights.isEmpty else { return }
    guard let loss = report.part({ try net.forward() }) else { return }
    if let bad = firstBad(in: net, gradients: false) {
      return fail(bad, "its output is not finite (NaN or infinite) in the first batch of phase \(phase.rawValue)")
    }
    guard lint.hasLoss else { return }
    if phase == .train {
      guard report.part({ try net.backward() }) != nil else { return }
      if let bad = firstBad(in: net, gradients: true) {
        return fail(bad, "the gradient of its weights is not finite (NaN or infinite) in the first batch")
      }
    }
    var text = "loss \(loss)"
    if let guess = lint.lossOfGuessing, weights.isEmpty {
      let shown = Float((guess * 1000).rounded() / 1000)
      text += "; guessing gives \(shown)"
      if Double(loss) > 3 * guess + 1 {
        report.add(
          Diagnostic(
            "the loss of the first batch is \(loss), far above the \(shown) of guessing: are the inputs too large (scale and mean "
              + "in transform_param), or the weights that fillers give?",
            at: net.graph.nodes.first?.definition.location, severity: .warning))
      }
    }
    report.passed("first batch in phase \(phase.rawValue)", text)
  }

  private func fail(_ node: Graph.Node, _ text: String) { report.add(Graph.error(in: node.definition, text)) }

  /// The first layer whose outputs, or whose weights' gradients, are not all finite.
  private func firstBad(in net: Net, gradients: Bool) -> Graph.Node? {
    net.graph.nodes.first { node in
      if gradients {
        guard node.runsBackward, let weights = net.weights(of: node.name) else { return false }
        return zip(weights, node.learns).contains { $1 && !$0.gradient.values.allSatisfy(\.isFinite) }
      }
      return node.tops.contains { top in
        net.blob(net.graph.values[top].name).map { !$0.data.values.allSatisfy(\.isFinite) } ?? false
      }
    }
  }
}
