import CKernels

/// Runs chains of convolutions, sums and concatenations, from plain NCHW to pooling and ReLU, on padded planes of its own with the
/// C kernels. Between forward and backward it keeps only the pooling's choices; backward computes the planes again.
package struct ChainEngine: Engine {
  package static let name = "chain"
  /// Whether 3x3 convolutions with enough channels use Winograd's transformation along y, which changes results by rounding.
  package let usesWinograd: Bool

  package init(usesWinograd: Bool = true) { self.usesWinograd = usesWinograd }

  package func steps(_ chain: Range<Int>, in memory: Memory, slices: [Range<Int>], demands: Demands) -> [any Step] {
    guard !demands.keepsGradients, let set = unsafe CKernels.kernels() else { return [] }
    guard var program = chain.lazy.compactMap({ ChainCompiler.compile(from: $0, in: memory) }).first else { return [] }
    var steps: [any Step] = [], input: ChainNorm?
    while true {
      let next = ChainNorm.following(program, in: memory)
      let output = next.flatMap { unsafe ChainNorm($0.norm, in: memory, set: set) }
      let step = unsafe ChainStep(program, memory, slices, input: input, output: output, self, set)
      if slices.count == 1, slices[0].count == 1, !program.runsBackward {
        steps += ChainImageStep.steps(step, image: slices[0].lowerBound)
      } else {
        steps.append(step)
      }
      guard let next, output != nil else { break }
      (program, input) = (next.program, output)
    }
    return steps
  }
}

/// Plain memory of a fixed size, which its owner frees.
@safe final class Buffer<Element: BitwiseCopyable> {
  let base: UnsafeMutablePointer<Element>
  init(_ count: Int) { unsafe base = .allocate(capacity: max(count, 1)) }
  deinit { unsafe base.deallocate() }
}
