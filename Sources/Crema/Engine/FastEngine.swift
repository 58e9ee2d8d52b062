/// The default engine: chains of convolutions on padded planes where the chain engine knows them, twins with the kernels for other
/// layers, and fused neighbours.
package struct FastEngine: Engine {
  package static let name = "fast"
  private let chains: ChainEngine
  /// Whether convolutions may use Winograd's transformation, which changes results by rounding.
  package var usesWinograd: Bool { chains.usesWinograd }
  package var fuses: Bool { true }

  package init(usesWinograd: Bool = true) { chains = ChainEngine(usesWinograd: usesWinograd) }

  package func steps(_ chain: Range<Int>, in memory: Memory, slices: [Range<Int>], demands: Demands) -> [any Step] {
    chains.steps(chain, in: memory, slices: slices, demands: demands)
  }

  package func twin(of item: ChainPlan.Item, in memory: Memory) -> (any Operator)? {
    if item.pieces != nil { return ConcatOperator(item, in: memory) }
    return ConvolutionOperator(item, in: memory, usesWinograd: usesWinograd)
  }

  package func loneStep(_ node: Int, in memory: Memory) -> (any Step)? {
    ConvolutionStep(node, in: memory, usesWinograd: usesWinograd)
  }

  package func batchTwin(from node: Int, in memory: Memory, demands: Demands) -> (any Operator)? {
    NormOperator(from: node, in: memory, demands: demands)
  }
}
