import Prototxt

/// Turns a gradient into the step that is subtracted from the weights. All lines are element by element, with Caffe's roundings.
protocol UpdateRule: Sendable {
  /// The name in `type`.
  static var type: String { get }
  /// The number of history blobs of each parameter.
  static var histories: Int { get }

  /// - Throws: numbers that the rule cannot work with.
  init(_ solver: Message) throws(Diagnostic)

  /// Replaces a range of `gradient` by the step.
  ///
  /// - Parameters:
  ///   - history: as many tensors as `histories`, of the gradient's size.
  ///   - rate: the learning rate times the parameter's `lr_mult`.
  ///   - iteration: the number of updates done before this one.
  func apply(_ gradient: Tensor, _ history: [Tensor], _ range: Range<Int>, rate: Float, iteration: Int)
}

/// The update rules that a solver may name.
enum UpdateRules {
  /// To add one, write its file and name it here.
  static let all: [any UpdateRule.Type] = [
    SGD.self, Nesterov.self, AdaGrad.self, RMSProp.self, AdaDelta.self, Adam.self,
  ]

  /// The rule that a SolverParameter names in `type`.
  ///
  /// - Throws: a name that is unknown.
  static func rule(for solver: Message) throws(Diagnostic) -> any UpdateRule {
    let name = solver.string("type")
    guard let rule = all.first(where: { $0.type == name }) else {
      let known = all.map { $0.type }.sorted()
      throw solver.error(
        "type", "Unknown solver type: '\(name)'; known are \(known.joined(separator: ", "))",
        suggesting: name.nearest(in: known))
    }
    return try rule.init(solver)
  }
}
