import Prototxt

/// Where a net meets something of Caffe's that is reproduced, and that its author hardly wants: see QUIRKS.md.
struct Quirks {
  private let graph: Graph
  /// For each node, whether it was to run backward before `decideBackward` looked at the losses.
  private let ranBackward: [Bool]

  init(_ graph: Graph, ranBackward: [Bool]) { (self.graph, self.ranBackward) = (graph, ranBackward) }

  /// One warning for each, in the order of layers.
  var warnings: [Diagnostic] {
    graph.nodes.indices.flatMap { index in
      [inPlace(index), unlearnt(index), countedTwice(index), ignoredConstant(index), initialState(index)].compactMap {
        $0
      }
      .map { Graph.warning(in: graph.nodes[index].definition, "\($0) (as in Caffe)") }
    }
  }

  private func inPlace(_ index: Int) -> String? {
    let node = graph.nodes[index]
    guard node.runsBackward, node.wanted.first == true, node.bottoms.first == node.tops.first,
      node.layer.isWrongInPlace
    else { return nil }
    return "its gradient is wrong because it works in place; give the top another name than '\(name(node.tops[0]))'"
  }

  /// A loss of which the reverse pass knows nothing, because its only reader is under no loss.
  private func unlearnt(_ index: Int) -> String? {
    let node = graph.nodes[index]
    guard graph.state.phase == .train, type(of: node.layer).traits.isLoss, ranBackward[index], !node.runsBackward,
      let top = zip(node.tops, node.lossWeights).first(where: { $1 != 0 })?.0,
      let reader = graph.nodes.first(where: { $0.bottoms.contains(top) })
    else { return nil }
    return
      "nothing learns from this loss, because layer '\(reader.name)' reads it and leads to no loss; write loss_weight: 1, or "
      + "leave that layer out of this phase"
  }

  /// A loss with a weight of its own whose top is split: its layer and the split both carry it.
  private func countedTwice(_ index: Int) -> String? {
    let node = graph.nodes[index]
    guard type(of: node.layer).traits.isLoss, node.lossWeights.contains(where: { $0 != 0 }),
      let split = graph.nodes.first(where: {
        $0.type == "Split" && $0.bottoms.first == node.tops.first && $0.lossWeights.contains { $0 != 0 }
      }), let weight = split.lossWeights.first
    else { return nil }
    return
      "the loss that is shown counts '\(name(node.tops[0]))' once more than its loss_weight \(logNumber(weight)) says, because "
      + "another layer reads it too; gradients are right"
  }

  private func ignoredConstant(_ index: Int) -> String? {
    let node = graph.nodes[index], parameters = node.type == "LRN" ? node.definition.message("lrn_param") : nil
    guard let parameters, parameters.enumeration("norm_region") == "WITHIN_CHANNEL", parameters.float("k") != 1 else {
      return nil
    }
    return "k \(logNumber(parameters.float("k"))) is ignored with norm_region: WITHIN_CHANNEL; 1 is used"
  }

  private func initialState(_ index: Int) -> String? {
    let node = graph.nodes[index], states = ["RNN": 1, "LSTM": 2]
    guard node.runsBackward, let count = states[node.type],
      node.definition.message("recurrent_param").bool("expose_hidden"),
      node.wanted.suffix(count).contains(true)
    else { return nil }
    return "the initial states that it reads get no gradient, so nothing before them learns from it"
  }

  private func name(_ value: Int) -> String { graph.values[value].name }
}
