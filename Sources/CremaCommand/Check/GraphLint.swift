import Crema
import Foundation
import Prototxt

/// What is allowed in a net, but seldom meant.
struct GraphLint {
  private let graph: Graph

  init(_ graph: Graph) { self.graph = graph }

  /// One warning for each, in the order of layers.
  var warnings: [Diagnostic] {
    graph.nodes.flatMap { node in
      [softmaxTwice(node), unscaled(node), frozenStatistics(node), unread(node), withoutLoss(node)].compactMap { $0 }
        .map { Graph.warning(in: node.definition, $0) }
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

  /// The number of classes that a layer compares labels with, and the label that it leaves out; nil for other layers.
  func classes(of reader: Graph.Node) -> (count: Int, ignored: Int?)? {
    guard let bottom = reader.bottoms.first else { return nil }
    let scores = graph.values[bottom].shape
    func along(_ field: String, ignoring other: String) -> (Int, Int?)? {
      let axis = reader.definition.message(field).int("axis"), parameters = reader.definition.message(other)
      let place = axis < 0 ? axis + scores.rank : axis
      guard scores.axes.indices.contains(place) else { return nil }
      return (scores[place], parameters.has("ignore_label") ? parameters.int("ignore_label") : nil)
    }
    switch reader.type {
    case "SoftmaxWithLoss": return along("softmax_param", ignoring: "loss_param")
    case "Accuracy": return along("accuracy_param", ignoring: "accuracy_param")
    case "HingeLoss", "MultinomialLogisticLoss": return scores.rank > 1 ? (scores.count(from: 1), nil) : nil
    default: return nil
    }
  }

  /// The loss of weights that know nothing, if all losses are softmaxes.
  var lossOfGuessing: Double? {
    var sum = 0.0
    for node in graph.nodes where node.type != "Split" && node.lossWeights.contains(where: { $0 != 0 }) {
      guard node.type == "SoftmaxWithLoss", let classes = classes(of: node) else { return nil }
      sum += Double(node.lossWeights[0]) * log(Double(classes.count))
    }
    return sum
  }

  /// Whether anything is learned for.
  var hasLoss: Bool { graph.nodes.contains { $0.lossWeights.contains { $0 != 0 } } }
}
