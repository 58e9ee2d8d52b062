import Crema
import Prototxt

/// What is allowed in a net, but seldom meant.
struct GraphLint {
  private let graph: Graph

  init(_ graph: Graph) { self.graph = graph }

  /// One warning for each, in the order of layers.
  var warnings: [Diagnostic] {
    graph.nodes.flatMap { node in
      [softmaxTwice(node), unscaled(node), frozenStatistics(node), unread(node), withoutLoss(node)].compactMap { text in
        guard let text else { return nil }
        var warning = Graph.error(in: node.definition, text)
        warning.severity = .warning
        return warning
      }
    }
  }

  private var isTraining: Bool { graph.state.phase == .train }

  /// The layers that read a value as it is when `node` has written it; splits are looked through.
  func readers(of value: Int, behind node: Graph.Node) -> [Graph.Node] {
    let start = graph.nodes.firstIndex { $0.name == node.name } ?? 0
    return graph.nodes[(start + 1)...].filter { $0.bottoms.contains(value) }.flatMap { reader in
      reader.type == "Split" ? reader.tops.flatMap { readers(of: $0, behind: reader) } : [reader]
    }
  }

  /// The layer that makes a value, through splits.
  private func maker(of value: Int) -> Graph.Node? {
    guard let node = graph.nodes.last(where: { $0.tops.contains(value) }) else { return nil }
    return node.type == "Split" ? node.bottoms.first.flatMap(maker) : node
  }

  private func softmaxTwice(_ node: Graph.Node) -> String? {
    let doubled = ["SoftmaxWithLoss": "Softmax", "SigmoidCrossEntropyLoss": "Sigmoid"]
    guard let type = doubled[node.type], let bottom = node.bottoms.first, let maker = maker(of: bottom),
      maker.type == type
    else { return nil }
    return
      "its bottom comes from layer '\(maker.name)' (\(type)), but it applies a \(type.lowercased()) itself; give it the bottom of "
      + "that layer"
  }

  private func unscaled(_ node: Graph.Node) -> String? {
    guard node.type == "BatchNorm", let top = node.tops.first else { return nil }
    let behind = readers(of: top, behind: node)
    guard !behind.isEmpty, !behind.contains(where: { ["Scale", "Bias"].contains($0.type) }) else { return nil }
    return
      "no Scale layer reads it: Caffe's BatchNorm only normalises, and learns neither a factor nor an offset without one"
  }

  private func frozenStatistics(_ node: Graph.Node) -> String? {
    guard isTraining, node.type == "BatchNorm" else { return nil }
    let parameters = node.definition.message("batch_norm_param")
    guard parameters.has("use_global_stats"), parameters.bool("use_global_stats") else { return nil }
    return "use_global_stats is true in training: its statistics stay those of the weights that training starts from"
  }

  private func unread(_ node: Graph.Node) -> String? {
    guard isTraining, !node.weights.isEmpty, let top = node.tops.first, graph.outputs.contains(top) else { return nil }
    return "nobody reads its top '\(graph.values[top].name)' in phase TRAIN, so it learns nothing"
  }

  private func withoutLoss(_ node: Graph.Node) -> String? {
    guard isTraining, !node.weights.isEmpty, !node.runsBackward, !node.tops.contains(where: graph.outputs.contains),
      node.weights.contains(where: { graph.parameters[$0.parameter].rate != 0 }), hasLoss
    else { return nil }
    return "it runs no backward pass, so it learns nothing: no loss follows from its tops"
  }

  /// Whether anything is learned for.
  var hasLoss: Bool { graph.nodes.contains { $0.lossWeights.contains { $0 != 0 } } }
}
