import Crema

/// One layer with memory of its own, run without a net.
package final class LayerRun {
  package let layer: any Layer
  package let plan: Plan
  package let bottoms: [Blob]
  package let tops: [Blob]
  package let weights: [Blob]
  package let kept: [Tensor]
  package let state: [Tensor]
  private let shared: [Tensor]
  /// For each bottom and weight, whether its gradient is asked for.
  package var wanted: [Bool], learns: [Bool]
  /// Whether a backward pass may follow.
  package var keeps = true
  private let failures = Failures()

  /// Memory as the layer's plan asks for it; weights are zeros.
  ///
  /// - Parameters:
  ///   - inPlace: whether the first top is the first bottom.
  ///   - shapes: the shapes of the tops, if they are not those of the plan.
  package init(_ layer: any Layer, bottoms: [Blob], inPlace: Bool = false, tops shapes: [Shape]? = nil) throws {
    self.layer = layer
    self.bottoms = bottoms
    plan = try layer.plan(bottoms.map(\.shape))
    let plan = plan
    tops = (shapes ?? plan.tops).enumerated().map { index, shape in
      if inPlace, index == 0 { return bottoms[0] }
      let blob = Blob(shape)
      return plan.aliases ? Blob(bottoms[0].data.view(shape), gradient: blob.gradient) : blob
    }
    weights = plan.weights.map { Blob($0.shape) }
    kept = plan.kept.map { Tensor($0) }
    state = plan.state.map { Tensor($0) }
    shared = plan.shared.map { Tensor($0) }
    wanted = bottoms.indices.map { type(of: layer).traits.hasGradient(bottom: $0, of: bottoms.count) }
    learns = weights.map { _ in true }
    for tensor in kept { tensor.fill(.nan) }
  }

  /// What the layer reported in the last passes.
  package func takeFailure() -> String? { failures.take() }

  /// Forward, in slices of `images` at most, or in as many parts.
  package func forward(pieces: Int = 1) {
    let passes = passes(pieces)
    for phase in 0..<plan.forwardPhases {
      for piece in passes { layer.forward(piece.inPhase(phase)) }
    }
  }

  /// The shapes of the tops, if the layer decides about them.
  package var decidedShapes: [Shape]? { (layer as? any DecidingLayer)?.decidedShapes(pass(weights)) }

  /// The draws of the next forward pass.
  package func draw(_ random: RandomStream) {
    if let layer = layer as? any DrawingLayer { layer.draw(pass(weights), from: random) }
  }

  /// Backward; the weights' gradients are added to those that there are, as a net does it.
  package func backward(pieces: Int = 1) {
    for (weight, blob) in zip(plan.weights, weights) where weight.replacesGradient { blob.gradient.clear() }
    let passes = passes(pieces)
    for phase in 0..<plan.backwardPhases {
      for piece in passes { layer.backward(piece.inPhase(phase)) }
    }
    for piece in passes {
      for (own, blob) in zip(piece.weights, weights) where !own.gradient.isSame(as: blob.gradient) {
        blob.gradient.add(own.gradient)
      }
    }
  }

  private func passes(_ pieces: Int) -> [Pass] {
    for tensor in shared { tensor.fill(.nan) }
    switch plan.division {
    case .whole: return [pass(weights)]
    case .parts: return (0..<pieces).map { pass(weights, part: $0, parts: pieces) }
    case .images:
      let images = (bottoms.first ?? tops[0]).shape[0], count = max(min(pieces, images), 1)
      guard count > 1 else { return [pass(weights)] }
      return (0..<count).map { piece in
        let own = weights.map { Blob($0.data, gradient: Tensor($0.shape)) }
        return pass(own, images: images * piece / count..<images * (piece + 1) / count)
      }
    }
  }

  private func pass(_ weights: [Blob], images: Range<Int>? = nil, part: Int = 0, parts: Int = 1) -> Pass {
    let scratch = plan.scratch.map { shape in
      let tensor = Tensor(shape)
      tensor.fill(.nan)
      return tensor
    }
    return Pass(
      bottoms: bottoms.map { blob in images.map { blob.images($0) } ?? blob },
      tops: tops.map { blob in images.map { blob.images($0) } ?? blob }, weights: weights,
      kept: kept.map { tensor in images.map { tensor.images($0) } ?? tensor }, state: state, shared: shared,
      scratch: scratch,
      wanted: wanted, learns: learns, keeps: keeps, part: part, parts: parts, failures: failures)
  }
}
