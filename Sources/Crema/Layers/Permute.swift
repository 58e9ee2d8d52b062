import Prototxt

/// The same values with the axes in another order: those of `order`, then the others.
package struct Permute: Layer {
  package static let type = "Permute"

  let order: [Int]
  private let parameters: Message

  package init(_ fields: Fields) throws(Diagnostic) {
    parameters = fields.parameters("permute_param")
    order = parameters.ints("order")
    for (index, axis) in order.enumerated() where order[..<index].contains(axis) {
      throw parameters.error("order", index: index, "order has axis \(axis) twice; give each axis once at most")
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    for (index, axis) in order.enumerated() where axis >= x.rank {
      throw ShapeError(
        "order has axis \(axis), and the bottom has \(x.axesText); give axes from 0 to \(x.rank - 1)",
        at: parameters.location(of: "order", index: index))
    }
    let all = complete(x.rank), top = Shape(all.map { x[$0] })
    return Plan(
      tops: [top], division: all.first == 0 ? .images : .whole, aliases: all == Array(0..<x.rank))
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data
    Rearrangement(x.shape, order: complete(x.shape.rank)).run(x, into: pass.tops[0].data)
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dy = pass.tops[0].gradient, all = complete(dy.shape.rank)
    let back = all.indices.map { axis in all.firstIndex(of: axis) ?? axis }
    Rearrangement(dy.shape, order: back).run(dy, into: pass.bottoms[0].gradient)
  }

  private func complete(_ rank: Int) -> [Int] { order + (0..<rank).filter { !order.contains($0) } }
}
