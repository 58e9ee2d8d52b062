extension ChainPass {
  /// Layers that only copy are no call: those whose tops are their bottom under other names, and Dropout in the TEST phase.
  static let leaveOutCopies = ChainPass(name: "leave-out-copies") { plan in
    guard plan.isForwardOnly else { return }
    for index in plan.items.indices.reversed() {
      let item = plan.items[index], node = plan.graph.nodes[item.node]
      if node.plan.aliases {
        plan.items.remove(at: index)
      } else if let dropout = node.layer as? Dropout, dropout.isCopy {
        let (x, y) = (plan.root(item.bottoms[0]).value, plan.root(item.tops[0]).value)
        if x == y {
          plan.items.remove(at: index)
        } else if y == item.tops[0], plan.isInner(x), plan.isInner(y), plan.touches(x).last == index {
          plan.items.remove(at: index)
          plan.place(y, in: item.bottoms[0], at: 0)
        }
      }
    }
  }
}
