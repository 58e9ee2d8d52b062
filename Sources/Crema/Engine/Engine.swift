/// A faster twin for runs of layers: it takes over some nodes, or leaves them to the layers' own code.
package protocol Engine: Sendable {
  /// The name on the command line.
  static var name: String { get }

  /// Steps that compute nodes from some node of `chain` on, without a gap, perhaps beyond its end; none if the layers' own code
  /// shall run. Nodes of the chain before the first step run by their own code.
  ///
  /// - Parameters:
  ///   - chain: nodes that run slice by slice over the same number of images.
  ///   - slices: the division of the batch.
  ///   - demands: what must be left behind: values of the chain that are not watched need not be written.
  func steps(_ chain: Range<Int>, in memory: Memory, slices: [Range<Int>], demands: Demands) -> [any Step]
}
