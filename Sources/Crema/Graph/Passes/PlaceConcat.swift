extension ChainPass {
  /// The bottoms of a concatenation of channels are made where they shall be in the top, as far as nobody changes the one and then
  /// reads the other.
  static let placeConcat = ChainPass(name: "place-concat") { plan in
    guard plan.isForwardOnly, plan.images == 1 else { return }
    for index in plan.items.indices.reversed() {
      let item = plan.items[index], shapes = plan.graph.values
      guard let layer = plan.graph.nodes[item.node].layer as? Concat, item.pieces == nil,
        layer.axis.of(shapes[item.tops[0]].shape) == 1
      else { continue }
      var offset = 0, pieces: [(value: Int, offset: Int)] = []
      for bottom in item.bottoms {
        if canLie(bottom, in: item.tops[0], index, plan) {
          plan.place(bottom, in: item.tops[0], at: offset)
        } else {
          pieces.append((bottom, offset))
        }
        offset += shapes[bottom].shape.count(from: 1)
      }
      plan.items[index].pieces = pieces
    }
    plan.items.removeAll { $0.pieces?.isEmpty == true }
  }

  private static func canLie(_ bottom: Int, in top: Int, _ index: Int, _ plan: ChainPlan) -> Bool {
    let root = plan.root(bottom), target = plan.root(top).value
    guard root.value == bottom, target != bottom, plan.isInner(bottom) else { return false }
    let later = plan.touches(bottom).filter { $0 > index }
    if later.contains(where: { plan.writes($0, bottom) }) { return false }
    let changes = plan.touches(target).contains { $0 > index && plan.writes($0, target) }
    return later.isEmpty || !changes
  }
}
