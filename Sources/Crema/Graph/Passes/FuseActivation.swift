extension ChainPass {
  /// ReLU behind a convolution is computed while the results are stored. While training it must work in place, and its sign tell
  /// that of its bottom.
  static let fuseActivation = ChainPass(name: "fuse-activation") { plan in
    var index = 0
    while index < plan.items.count {
      defer { index += 1 }
      guard plan.convolution(index) != nil, plan.items[index].slope == 1, let next = plan.successor(of: index),
        let relu = plan.graph.nodes[plan.items[next].node].layer as? ReLU
      else { continue }
      let isInPlace = plan.items[next].tops == plan.items[index].tops
      guard plan.isForwardOnly || (isInPlace && relu.slope >= 0 && agree(plan, index, next)) else { continue }
      plan.items[index].slope = relu.slope
      plan.absorb(next, into: index)
    }
  }

  /// Whether both run backward, and the activation passes its gradient on, or none does.
  private static func agree(_ plan: ChainPlan, _ index: Int, _ next: Int) -> Bool {
    let (node, activation) = (plan.graph.nodes[plan.items[index].node], plan.graph.nodes[plan.items[next].node])
    return node.runsBackward == activation.runsBackward && (!node.runsBackward || activation.wanted == [true])
  }
}
