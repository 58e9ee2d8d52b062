/// What layers that multiply and add by channel make of the outputs of the layer before them: one factor and one term for each
/// output.
struct FoldedWeights {
  /// One layer in its place.
  private enum Part {
    case norm(BatchNorm, [Tensor])
    case scale(Tensor, Tensor?)
    case bias(Tensor)
  }

  /// The weights that the factors and terms depend on.
  let sources: [Tensor]
  private let parts: [Part]
  private let outputs: Int
  private let bias: Tensor?

  /// - Parameters:
  ///   - nodes: BatchNorm with gathered statistics, Scale and Bias by channel, in order.
  ///   - bias: what the layer before them adds.
  init(_ nodes: [Int], outputs: Int, bias: Tensor?, in memory: Memory) {
    (self.outputs, self.bias) = (outputs, bias)
    parts = nodes.compactMap { index in
      let weights = memory.weights[index].map(\.data)
      switch memory.graph.nodes[index].layer {
      case let layer as BatchNorm: return .norm(layer, weights)
      case is Scale: return .scale(weights[0], weights.count > 1 ? weights[1] : nil)
      case is Bias: return .bias(weights[0])
      default: return nil
      }
    }
    sources = nodes.flatMap { memory.weights[$0].map(\.data) } + (bias.map { [$0] } ?? [])
  }

  /// Whether there is nothing to multiply with.
  var isPlain: Bool { parts.isEmpty }

  /// For each output, the factor of its weights and the term that is added.
  func factors() -> (factors: [Float], terms: [Float]) {
    var factors = Array(repeating: Float(1), count: outputs)
    var terms = bias?.values ?? Array(repeating: 0, count: outputs)
    for part in parts {
      switch part {
      case .norm(let layer, let weights):
        let (means, variances, total) = (weights[0].values, weights[1].values, weights[2].values[0])
        let all = total == 0 ? 0 : 1 / total
        for c in 0..<outputs {
          let inverse = 1 / (variances[c] * all + layer.epsilon).squareRoot()
          factors[c] *= inverse
          terms[c] = (terms[c] - means[c] * all) * inverse
        }
      case .scale(let gamma, let beta):
        let (gamma, beta) = (gamma.values, beta?.values)
        for c in 0..<outputs {
          factors[c] *= gamma[c]
          terms[c] = terms[c] * gamma[c] + (beta?[c] ?? 0)
        }
      case .bias(let beta):
        let beta = beta.values
        for c in 0..<outputs { terms[c] += beta[c] }
      }
    }
    return (factors, terms)
  }
}
