extension ChainPass {
  /// Layers behind a convolution that multiply and add by channel become part of its weights: BatchNorm with gathered statistics,
  /// Scale and Bias.
  static let foldAffine = ChainPass(name: "fold-affine") { plan in
    guard plan.isForwardOnly else { return }
    var index = 0
    while index < plan.items.count {
      defer { index += 1 }
      guard plan.convolution(index) != nil else { continue }
      while let next = plan.successor(of: index), isAffine(plan.graph.nodes[plan.items[next].node]) {
        plan.items[index].affine.append(plan.items[next].node)
        plan.absorb(next, into: index)
      }
    }
  }

  private static func isAffine(_ node: Graph.Node) -> Bool {
    guard node.bottoms.count == 1 else { return false }
    switch node.layer {
    case let layer as BatchNorm: return layer.usesGathered
    case let layer as Scale: return layer.fields.isByChannel
    case let layer as Bias: return layer.fields.isByChannel
    default: return false
    }
  }
}
