import Prototxt

/// Applies gradients to weights: clipping, the division by `iter_size`, decay, the update rule.
final class Updater {
  /// The pieces that parameters are divided into, whatever the number of threads.
  private static let pieceCount = 65_536
  /// The numbers of a piece that stay in the first cache while all that is done to them is done.
  private static let cachedCount = 2048

  /// A run of one parameter's numbers.
  private struct Piece {
    let weight: Tensor, gradient: Tensor, histories: [Tensor]
    let range: Range<Int>
    let rate: Float, decay: Float
  }

  private enum Regularization: String { case l1 = "L1", l2 = "L2" }

  /// By parameter, then, for rules with two histories, the second ones by parameter: the order of Caffe's files.
  let history: [Tensor]
  private let rule: any UpdateRule
  private let pieces: [Piece]
  private let squares: Tensor  // by piece
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
    constrained = parameters.compactMap { parameter in
      parameter.constraint.map { (net.memory.blob(of: parameter).data, $0, parameter.rate != 0) }
    }
    let pieces = parameters.enumerated().flatMap { index, parameter in
      let blob = net.memory.blob(of: parameter)
      return stride(from: 0, to: blob.data.count, by: Self.pieceCount).map { start in
        Piece(
          weight: blob.data, gradient: blob.gradient, histories: (0..<histories).map { history[$0 * count + index] },
          range: start..<min(start + Self.pieceCount, blob.data.count), rate: parameter.rate, decay: parameter.decay)
      }
    }
    self.pieces = pieces
    squares = Tensor([pieces.count])
  }

  /// Scales all gradients down if their L2 norm is above `clip_gradients`.
  ///
  /// - Returns: the norm and the factor, if it did.
  func clipGradients(on workers: Workers) -> (norm: Float, factor: Float)? {
    guard clip >= 0 else { return nil }
    workers.run(pieces.count) { [pieces, squares] _, i in
      squares.fill(Float(pieces[i].gradient.squares(pieces[i].range)), 1, at: i)
    }
    let norm = Float(squares.values.reduce(0.0) { $0 + Double($1) }.squareRoot())
    guard norm > clip else { return nil }
    let factor = clip / norm
    workers.run(pieces.count) { [pieces] _, i in pieces[i].gradient.scale(pieces[i].range, by: factor) }
    return (norm, factor)
  }

  /// One update of all weights.
  func update(rate: Float, iteration: Int, on workers: Workers) {
    let (rule, passes, weightDecay, regularization) = (rule, passes, weightDecay, regularization)
    workers.run(pieces.count) { [pieces] _, i in
      let piece = pieces[i], decay = weightDecay * piece.decay
      for start in stride(from: piece.range.lowerBound, to: piece.range.upperBound, by: Self.cachedCount) {
        let range = start..<min(start + Self.cachedCount, piece.range.upperBound)
        if passes != 1 { piece.gradient.scale(range, by: 1 / Float(passes)) }
        if decay != 0 {
          switch regularization {
          case .l2: piece.gradient.add(range, piece.weight, times: decay)
          case .l1: piece.gradient.addSigns(range, of: piece.weight, times: decay)
          }
        }
        rule.apply(piece.gradient, piece.histories, range, rate: rate * piece.rate, iteration: iteration)
        piece.weight.subtract(range, piece.gradient)
      }
    }
    for piece in pieces { piece.weight.noteChange() }
    for (weight, constraint, learns) in constrained where learns { constraint.project(weight) }
  }

  /// Makes parameters obey their constraints before the first update.
  func projectFirstValues() {
    for (weight, constraint, _) in constrained { constraint.project(weight) }
  }
}
