/// Copies those bottoms of a concatenation that were not made where they shall be.
final class ConcatOperator: Operator {
  let item: ChainPlan.Item
  let scratch: [Shape] = []
  private let pieces: [(value: Int, offset: Int)]

  init?(_ item: ChainPlan.Item, in memory: Memory) {
    guard let pieces = item.pieces else { return nil }
    (self.item, self.pieces) = (item, pieces)
  }

  func ownGradient(of weight: Int, isSliced: Bool) -> Shape? { nil }

  func forward(_ pass: Pass) {
    let y = pass.tops[0].data, size = y.shape.count(from: 1)
    for (piece, bottom) in zip(pieces, pass.bottoms) {
      let count = bottom.shape.count(from: 1)
      for image in 0..<y.shape[0] {
        y.copy(count, at: image * size + piece.offset, of: bottom.data, from: image * count)
      }
    }
  }

  func backward(_ pass: Pass) { preconditionFailure("a concatenation in pieces only runs forward") }

  func add(_ gradients: [Tensor], weight: Int) {}
}
