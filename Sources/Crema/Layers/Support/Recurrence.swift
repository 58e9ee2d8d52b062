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
  private let parameters: Message

  /// - Parameters:
  ///   - states: the number of states of a sequence.
  ///   - sums: the number of sums for each output.
  init(_ fields: Fields, states: Int, sums: Int) throws(Diagnostic) {
    parameters = fields.parameters("recurrent_param")
    self.states = states
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
    for product in [hidden] + more {
      var plan = try product.plan([state])
      plan.multiplyAdds *= steps
      for index in plan.weights.indices { plan.weights[index].draws = steps }
      products.append(plan)
    }
    var plan = Plan(
      tops: [all] + (isExposed ? Array(repeating: state, count: states) : []), weights: products.flatMap(\.weights),
      division: .whole, multiplyAdds: products.reduce(0) { $0 + $1.multiplyAdds })
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

  /// A state after the last step.
  func setAfter(_ index: Int, _ pass: Pass, _ values: Tensor) {
    (isExposed ? pass.tops[1 + index].data : pass.state[index]).copy(values)
  }

  /// What the values give to the sums of every step, and into `same` what the values of all steps give.
  func forwardInputs(_ pass: Pass, into sums: Tensor, _ same: Tensor) {
    input.forward(Recurrence.pass(pass.bottoms[0], Blob(sums, gradient: sums), pass.weights[0..<2]))
    guard hasStatic else { return }
    constant.forward(Recurrence.pass(pass.bottoms[2], Blob(same, gradient: same), pass.weights[2..<3]))
  }

  /// The sums of one step from the outputs before it, which a new sequence forgets.
  ///
  /// - Parameters:
  ///   - continued: gets what is left of the outputs before.
  ///   - inputs: what the values of this step give, and those of all steps.
  func forwardStep(
    _ pass: Pass, _ step: Int, before: Tensor, continued: Tensor, inputs: (own: Tensor, same: Tensor), into sums: Tensor
  ) {
    let own = pass.bottoms[1].data.step(step)
    continued.forEachSequence(own) { range, goes in continued.assign(range, before) { goes * $0 } }
    let first = firstOfStep
    hidden.forward(
      Recurrence.pass(
        Blob(continued, gradient: continued), Blob(sums, gradient: sums), pass.weights[first..<first + 1]))
    sums.assign(sums, inputs.own) { $0 + $1 }
    if hasStatic { sums.assign(sums, inputs.same) { $0 + $1 } }
  }

  /// Adds to the weights of a step, and replaces `before` by the gradient of the outputs before the step.
  func backwardStep(_ pass: Pass, _ step: Int, continued: Tensor, sums gradient: Tensor, before: Tensor) {
    let first = firstOfStep
    hidden.backward(
      Recurrence.pass(
        Blob(continued, gradient: before), Blob(gradient, gradient: gradient), pass.weights[first..<first + 1],
        wanted: step > 0, learns: pass.learns[first..<first + 1]))
    guard step > 0 else { return }
    before.forEachSequence(pass.bottoms[1].data.step(step)) { range, goes in
      before.assign(range, before) { goes * $0 }
    }
  }

  /// The gradients of the values and their weights, from those of the sums of all steps; `same` is memory for one step's sums.
  func backwardInputs(_ pass: Pass, sums: Tensor, _ same: Tensor) {
    if hasStatic, pass.wanted[2] || pass.learns[2] {
      same.copy(sums.step(0))
      for step in 1..<max(sums.shape[0], 1) { same.add(sums.step(step)) }
      constant.backward(
        Recurrence.pass(
          pass.bottoms[2], Blob(same, gradient: same), pass.weights[2..<3], wanted: pass.wanted[2],
          learns: pass.learns[2..<3]))
    }
    input.backward(
      Recurrence.pass(
        pass.bottoms[0], Blob(sums, gradient: sums), pass.weights[0..<2], wanted: pass.wanted[0],
        learns: pass.learns[0..<2]))
    for index in pass.bottoms.indices.dropFirst(hasStatic ? 3 : 2) where pass.wanted[index] {
      pass.bottoms[index].gradient.clear()
    }
  }

  /// A pass of a product.
  static func pass(
    _ bottom: Blob, _ top: Blob, _ weights: ArraySlice<Blob>, wanted: Bool = false, learns: ArraySlice<Bool> = []
  ) -> Pass {
    Pass(
      bottoms: [bottom], tops: [top], weights: Array(weights), wanted: [wanted],
      learns: learns.isEmpty ? nil : Array(learns))
  }
}

extension Tensor {
  /// One step of all: the same memory, with a first axis of 1.
  func step(_ index: Int) -> Tensor { images(index..<index + 1) }

  /// The range of each sequence of one step, with the number that says whether it goes on.
  @inline(__always)
  func forEachSequence(_ continues: Tensor, _ body: (_ range: Range<Int>, _ goes: Float) -> Void) {
    let size = count / max(continues.count, 1)
    for n in 0..<continues.count { body(n * size..<(n + 1) * size, continues.read { $0[n] }) }
  }
}
