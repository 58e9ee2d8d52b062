/// One call of a step: what computes some nodes on a slice of the batch, on a part of one image, or on a part of the batch. It owns
/// what it makes of the weights; all other memory is lent.
package protocol Operator: AnyObject {
  /// What it computes, reads and writes. The bottoms of a pass are `item.reads`, its tops `item.tops`, its weights, kept memory,
  /// `wanted` and `learns` those of `item.node`.
  var item: ChainPlan.Item { get }
  /// What it needs during one call.
  var scratch: [Shape] { get }
  /// The number of parts that the work on one image is divided into when there is only one, whatever the number of threads. The
  /// pass says which part a call computes.
  var partsOfImage: Int { get }
  /// Whether a part of an image is lent as some of its channels, and the call need not know of parts.
  var cutsChannels: Bool { get }
  /// For each weight, the shape of the gradient that every slice has for itself; `nil` if calls add to the net's.
  func ownGradient(of weight: Int, isSliced: Bool) -> Shape?
  /// The phases of a pass over the whole batch, of which each is divided in parts.
  var forwardPhases: Int { get }
  var backwardPhases: Int { get }
  /// Pieces of work before the first pass and whenever one of their weights has changed.
  var preparations: [[Tensor]] { get }
  func prepare(_ piece: Int)
  func forward(_ pass: Pass)
  func backward(_ pass: Pass)
  /// Adds the gradients that slices have for themselves to the net's, in the order of slices. The first may be changed.
  func add(_ gradients: [Tensor], weight: Int)
}

extension Operator {
  package var partsOfImage: Int { 1 }
  package var cutsChannels: Bool { false }
  package var forwardPhases: Int { 1 }
  package var backwardPhases: Int { 1 }
  package var preparations: [[Tensor]] { [] }
  package func prepare(_ piece: Int) {}
}

/// A layer by its own code.
package final class LayerOperator: Operator {
  package let item: ChainPlan.Item
  package let scratch: [Shape]
  package let partsOfImage: Int
  package let forwardPhases: Int, backwardPhases: Int
  package var cutsChannels: Bool { true }
  private let layer: any Layer
  private let weights: [Blob], learns: [Bool]

  package init(_ item: ChainPlan.Item, in memory: Memory) {
    let node = memory.graph.nodes[item.node]
    (self.item, layer, scratch, weights) = (item, node.layer, node.plan.scratch, memory.weights[item.node])
    (forwardPhases, backwardPhases) = (node.plan.forwardPhases, node.plan.backwardPhases)
    learns = node.learns.map { $0 && node.runsBackward }
    partsOfImage = node.plan.isByChannel ? Self.parts(memory.graph.values[item.tops[0]].shape) : 1
  }

  private static func parts(_ shape: Shape) -> Int {
    guard shape.rank >= 2 else { return 1 }
    return max(1, min(8, shape[1], shape.count(from: 1) / 16_384))
  }

  package func ownGradient(of weight: Int, isSliced: Bool) -> Shape? {
    isSliced && learns[weight] ? weights[weight].shape : nil
  }

  package func forward(_ pass: Pass) { layer.forward(pass) }

  package func backward(_ pass: Pass) { layer.backward(pass) }

  package func add(_ gradients: [Tensor], weight: Int) {
    for gradient in gradients { weights[weight].gradient.add(gradient) }
  }
}
