/// Faster twins of layers' own code: it takes over some nodes, or leaves them to it.
package protocol Engine: Sendable {
  /// The name on the command line.
  static var name: String { get }

  /// Steps that compute nodes from some node of `chain` on, without a gap, perhaps beyond its end; none if it has no step for them.
  /// Nodes of the chain before the first step are computed by operators.
  ///
  /// - Parameters:
  ///   - chain: nodes that run slice by slice over the same number of images.
  ///   - slices: the division of the batch.
  ///   - demands: what must be left behind: values of the chain that are not watched need not be written.
  func steps(_ chain: Range<Int>, in memory: Memory, slices: [Range<Int>], demands: Demands) -> [any Step]

  /// Whether passes over the graph may fuse layers, and values that nobody watches stay unwritten.
  var fuses: Bool { get }

  /// The twin of a call in a chain, or `nil`: then the layer's own code runs. An engine that fuses has a twin for every item that
  /// covers more than one node.
  func twin(of item: ChainPlan.Item, in memory: Memory) -> (any Operator)?

  /// A step for one node of a chain that runs backward, which it is better to take out of the chain; or `nil`.
  func loneStep(_ node: Int, in memory: Memory) -> (any Step)?

  /// The twin of a layer over the whole batch, in parts, or of it and layers behind it without a gap; `nil` if it has none.
  func batchTwin(from node: Int, in memory: Memory, demands: Demands) -> (any Operator)?
}

extension Engine {
  package func steps(_ chain: Range<Int>, in memory: Memory, slices: [Range<Int>], demands: Demands) -> [any Step] {
    []
  }
  package var fuses: Bool { false }
  package func twin(of item: ChainPlan.Item, in memory: Memory) -> (any Operator)? { nil }
  package func loneStep(_ node: Int, in memory: Memory) -> (any Step)? { nil }
  package func batchTwin(from node: Int, in memory: Memory, demands: Demands) -> (any Operator)? { nil }
}
