import Prototxt

/// Applies gradients to weights: clipping, the division by `iter_size`, decay, the update rule.
final class Updater {
  /// The pieces that parameters are divided into, whatever the number of threads.
  private static let pieceCount = 65_536

  /// A run of one parameter's numbers.
  private struct Piece {
    let weight: Tensor, gradient: Tensor, histories: [Tensor]
    let rate: Float, decay: Float
  }

  private enum Regularization: String { case l1 = "L1", l2 = "L2" }

  /// By parameter, then, for rules with two histories, the second ones by parameter: the order of Caffe's files.
  let history: [Tensor]
  private let rule: any UpdateRule
  private let pieces: [Piece]
  private let gradients: [Tensor]
  /// What learns under a constraint, and what stays as it was filled.
  private let constrained: [(weight: Tensor, constraint: Constraint, learns: Bool)]
  private let regularization: Regularization
  private let weightDecay: Float, clip: Float
  private let passes: Int

  /// - Throws: settings of the SolverParameter that cannot be worked with.
  init(_ solver: Message, _ net: Net) throws(Diagnostic) {
    rule = try UpdateRules.rule(for: solver)
    let name = solver.string("regularization_type")
    guard let regularization = Regularization(rawValue: name) else {
      throw solver.error(
        "regularization_type", "Unknown regularization type: '\(name)'; known are L1, L2",
        suggesting: name.nearest(in: ["L1", "L2"]))
    }
    self.regularization = regularization
    (weightDecay, clip) = (solver.float("weight_decay"), solver.float("clip_gradients"))
    passes = solver.int("iter_size")
    guard passes > 0 else { throw solver.error("iter_size", "iter_size must be at least 1, not \(passes)") }
    let parameters = net.graph.parameters, count = parameters.count, histories = type(of: rule).histories
    let history = (0..<histories).flatMap { _ in parameters.map { Tensor($0.shape) } }
    self.history = history
    gradients = parameters.map { net.memory.blob(of: $0).gradient }
    constrained = parameters.compactMap { parameter in
      parameter.constraint.map { (net.memory.blob(of: parameter).data, $0, parameter.rate != 0) }
    }
    pieces = parameters.enumerated().flatMap { index, parameter in
      let blob = net.memory.blob(of: parameter)
      return stride(from: 0, to: blob.data.count, by: Self.pieceCount).map { start in
        let shape: Shape = [min(Self.pieceCount, blob.data.count - start)]
        return Piece(
          weight: blob.data.view(shape, from: start), gradient: blob.gradient.view(shape, from: start),
          histories: (0..<histories).map { history[$0 * count + index].view(shape, from: start) },
          rate: parameter.rate, decay: parameter.decay)
      }
    }
  }

  /// Scales all gradients down if their L2 norm is above `clip_gradients`.
  ///
  /// - Returns: the norm and the factor, if it did.
  func clipGradients(on workers: Workers) -> (norm: Float, factor: Float)? {
    guard clip >= 0 else { return nil }
    let squares = gradients.reduce(Float(0)) { $0 + $1.dot($1) }
    let norm = squares.squareRoot()
    guard norm > clip else { return nil }
    let factor = clip / norm
    workers.run(pieces.count) { [pieces] _, i in pieces[i].gradient.scale(by: factor) }
    return (norm, factor)
  }

  /// One update of all weights.
  func update(rate: Float, iteration: Int, on workers: Workers) {
    let (rule, passes, weightDecay, regularization) = (rule, passes, weightDecay, regularization)
    workers.run(pieces.count) { [pieces] _, i in
      let piece = pieces[i]
      if passes != 1 { piece.gradient.scale(by: 1 / Float(passes)) }
      let decay = weightDecay * piece.decay
      if decay != 0 {
        switch regularization {
        case .l2: piece.gradient.add(piece.weight, times: decay)
        case .l1:
          piece.gradient.assign(piece.gradient, piece.weight) { g, w in g + decay * (w > 0 ? 1 : w < 0 ? -1 : 0) }
        }
      }
      rule.apply(piece.gradient, piece.histories, rate: rate * piece.rate, iteration: iteration)
      piece.weight.assign(piece.weight, piece.gradient) { w, step in w - step }
    }
    for piece in pieces { piece.weight.noteChange() }
    for (weight, constraint, learns) in constrained where learns { constraint.project(weight) }
  }

  /// Makes parameters obey their constraints before the first update.
  func projectFirstValues() {
    for (weight, constraint, _) in constrained { constraint.project(weight) }
  }
}
