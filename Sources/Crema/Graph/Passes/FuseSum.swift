extension ChainPass {
  /// The sum of two values is computed while the later one is stored, if that one comes from a convolution and nobody else reads it.
  static let fuseSum = ChainPass(name: "fuse-sum") { plan in
    guard plan.isForwardOnly else { return }
    var index = 0
    while index < plan.items.count {
      let item = plan.items[index], layer = plan.graph.nodes[item.node].layer as? Eltwise
      if let layer, layer.operation == .sum, layer.coefficients == [1, 1], let maker = maker(of: item, index, plan) {
        plan.items[maker.item].addend = maker.addend
        plan.absorb(index, into: maker.item)
      } else {
        index += 1
      }
    }
  }

  /// The convolution that makes one bottom of a sum, and the other bottom, which is there before.
  private static func maker(of sum: ChainPlan.Item, _ index: Int, _ plan: ChainPlan) -> (item: Int, addend: Int)? {
    for (own, addend) in [(sum.bottoms[0], sum.bottoms[1]), (sum.bottoms[1], sum.bottoms[0])] {
      let root = plan.root(own).value, other = plan.root(addend).value
      guard root != other, plan.isInner(root), let maker = plan.touches(root).first, maker < index,
        plan.touches(root) == [maker, index], plan.convolution(maker) != nil, plan.items[maker].addend == nil,
        plan.items[maker].slope == 1,
        !plan.touches(other).contains(where: { $0 >= maker && $0 < index && plan.writes($0, other) })
      else { continue }
      return (maker, addend)
    }
    return nil
  }
}
