import Prototxt

/// What RNN and LSTM share: sequences of steps, their products with weights, and states that go on from batch to batch.
///
/// - bottoms: the values, T steps x N sequences x ...; for each of them whether its sequence goes on (0 begins a new one),
///   T x N; perhaps values that all steps see, N x ...; with `expose_hidden` the states before the first step, 1 x N x D each.
/// - tops: the outputs, T x N x D; with `expose_hidden` the states after the last step.
/// - weights: the products with the values and their biases, those with the values of all steps, then those of a step.
/// - state: without `expose_hidden`, what a batch leaves to the next one.
struct Recurrence: Sendable {
  /// D, the number of outputs of a sequence.
  let outputs: Int
  let isExposed: Bool, hasStatic: Bool
  /// The products of the values, of the values of all steps, and of the outputs before.
  let input: InnerProduct, constant: InnerProduct, hidden: InnerProduct
  private let states: Int
  /// The number of sums for each output.
  let sums: Int
  private let parameters: Message

  /// - Parameters:
  ///   - states: the number of states of a sequence.
  ///   - sums: the number of sums for each output.
  init(_ fields: Fields, states: Int, sums: Int) throws(Diagnostic) {
    parameters = fields.parameters("recurrent_param")
    (self.states, self.sums) = (states, sums)
    outputs = parameters.int("num_output")
    isExposed = parameters.bool("expose_hidden")
    try checkOutputs(parameters)
    let place = parameters.location(of: "num_output")
    guard outputs <= Shape.largestCount / sums else {
      throw parameters.error("num_output", "num_output \(outputs) is more than a blob can hold; make it smaller")
    }
    let exposed = isExposed ? states : 0, found = fields.bottoms.count
    guard (2 + exposed...3 + exposed).contains(found) else {
      throw Recurrence.miscounted(
        fields, "bottom",
        "\(2 + exposed) bottoms (values, continuations\(exposed > 0 ? ", states" : "")), or "
          + "\(3 + exposed) with values of all steps", found, isExposed)
    }
    guard fields.tops.count == 1 + exposed else {
      throw Recurrence.miscounted(
        fields, "top", "\(1 + exposed) \(exposed > 0 ? "tops (outputs, states)" : "top")", fields.tops.count, isExposed)
    }
    hasStatic = found > 2 + exposed
    let (weight, bias) = (
      try Filler(parameters.message("weight_filler")), try Filler(parameters.message("bias_filler"))
    )
    let count = sums * outputs
    input = InnerProduct(outputs: count, axis: 2, weight, bias: bias, at: place)
    constant = InnerProduct(outputs: count, axis: 1, weight, at: place)
    hidden = InnerProduct(outputs: count, axis: 2, weight, at: place)
  }

  private static func miscounted(
    _ fields: Fields, _ field: String, _ wanted: String, _ found: Int, _ isExposed: Bool
  ) -> Diagnostic {
    fields.message.error(
      field, "\(isExposed ? "with" : "without") expose_hidden it takes \(wanted), and there are \(found)")
  }

  /// The index of the weights of a step.
  var firstOfStep: Int { hasStatic ? 3 : 2 }

  /// T and N of values of this shape.
  static func size(_ values: Shape) -> (steps: Int, sequences: Int) { (values[0], values[1]) }

  /// The plan, to which the layer adds what it keeps.
  ///
  /// - Parameter more: products of a step besides `hidden`, with what `hidden` reads.
  func plan(_ bottoms: [Shape], more: [InnerProduct] = []) throws(ShapeError) -> Plan {
    try check(bottoms)
    let (steps, sequences) = Recurrence.size(bottoms[0])
    let state = try Shape([1, sequences, outputs]).fitting("a state")
    let all = try Shape([steps, sequences, outputs]).fitting("the top")
    var products = [try input.plan([bottoms[0]])]
    if hasStatic { products.append(try constant.plan([bottoms[2]])) }
    for (position, product) in ([hidden] + more).enumerated() {
      var plan = try product.plan([state])
      plan.multiplyAdds *= steps
      for index in plan.weights.indices {
        plan.weights[index].draws = steps
        plan.weights[index].startsGradient = position == 0 && index == 0
      }
      products.append(plan)
    }
    var plan = Plan(
      tops: [all] + (isExposed ? Array(repeating: state, count: states) : []), weights: products.flatMap(\.weights),
      division: .parts, multiplyAdds: products.reduce(0) { $0 + $1.multiplyAdds })
    plan.state = isExposed ? [] : Array(repeating: state, count: states)
    if parameters.bool("debug_info") {
      plan.warnings.append("debug_info of recurrent_param shows nothing: the steps are not layers of a net")
    }
    return plan
  }

  private func check(_ bottoms: [Shape]) throws(ShapeError) {
    let x = bottoms[0]
    guard x.rank >= 3 else {
      throw ShapeError("bottom 0 must be steps x sequences x values, and it has \(x.axesText)")
    }
    guard x.count > 0 else { throw ShapeError("bottom 0 (\(x)) has no values") }
    guard bottoms[1] == [x[0], x[1]] else {
      throw ShapeError(
        "bottom 1 must have one value for each step and sequence of bottom 0 (\(x[0])x\(x[1])), and it has "
          + bottoms[1].axesText)
    }
    if hasStatic, bottoms[2].rank < 2 || bottoms[2][0] != x[1] {
      throw ShapeError(
        "bottom 2, the values of all steps, must be \(x[1]) sequences x values, and it has \(bottoms[2].axesText)")
    }
    let state: Shape = [1, x[1], outputs]
    for index in bottoms.indices.dropFirst(hasStatic ? 3 : 2) where bottoms[index] != state {
      throw ShapeError(
        "bottom \(index), a state before the first step, must be \(state), and it has \(bottoms[index].axesText)")
    }
  }
}

extension Recurrence {
  /// A state before the first step.
  func before(_ index: Int, _ pass: Pass) -> Tensor {
    isExposed ? pass.bottoms[pass.bottoms.count - states + index].data : pass.state[index]
  }

  /// Where a state after the last step goes.
  func after(_ index: Int, _ pass: Pass) -> Tensor { isExposed ? pass.tops[1 + index].data : pass.state[index] }
}
