import Glibc
import Prototxt

/// A simple recurrent layer: `h = tanh(sums of the values and of h before)`, and the output `tanh(sums of h)`.
///
/// - bottoms, tops and state: those of `Recurrence`; the state is h.
/// - weights: D x values and D biases; perhaps D x values of all steps; D x D for h before; D x D and D biases for the output.
/// - kept: h of all steps; h before each step; the outputs.
package struct RNN: Layer {
  package static let type = "RNN"
  package static let arity = Arity(bottoms: 2...4, tops: 1...2)
  package static let traits = Traits.recurrent

  let recurrence: Recurrence
  private let output: InnerProduct

  package init(_ fields: Fields) throws(Diagnostic) {
    recurrence = try Recurrence(fields, states: 1, sums: 1)
    let parameters = fields.parameters("recurrent_param")
    output = InnerProduct(
      outputs: recurrence.outputs, axis: 2, try Filler(parameters.message("weight_filler")),
      bias: try Filler(parameters.message("bias_filler")), at: parameters.location(of: "num_output"))
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    var plan = try recurrence.plan(bottoms, more: [output])
    let all = plan.tops[0], one = all.images(1)
    plan.kept = [all, all, all]
    plan.scratch = plan.kept + [one, one, one]
    return plan
  }

  package func forward(_ pass: Pass) {
    let memory = pass.keeps ? pass.kept : pass.scratch, (hidden, continued) = (memory[0], memory[1])
    let (sums, same) = (pass.scratch[3], pass.scratch[4]), outputs = pass.tops[0].data, steps = outputs.shape[0]
    recurrence.forwardInputs(pass, into: hidden, same)
    for step in 0..<steps {
      let (h, y) = (hidden.step(step), outputs.step(step))
      recurrence.forwardStep(
        pass, step, before: step == 0 ? recurrence.before(0, pass) : hidden.step(step - 1),
        continued: continued.step(step), inputs: (h, same), into: sums)
      h.assign(sums) { tanhf($0) }
      output.forward(Recurrence.pass(Blob(h, gradient: h), Blob(y, gradient: y), weights(pass)))
      y.assign(y) { tanhf($0) }
    }
    if pass.keeps { pass.kept[2].copy(outputs) }
    recurrence.setAfter(0, pass, hidden.step(steps - 1))
  }

  package func backward(_ pass: Pass) {
    let (hidden, continued, outputs) = (pass.kept[0], pass.kept[1], pass.kept[2])
    let (dSums, dOutputs, steps) = (pass.scratch[0], pass.scratch[1], hidden.shape[0])
    let (before, dHidden) = (pass.scratch[3], pass.scratch[5])
    dOutputs.assign(pass.tops[0].gradient, outputs) { dy, y in dy * (1 - y * y) }
    for step in (0..<steps).reversed() {
      let (h, dy, own) = (hidden.step(step), dOutputs.step(step), dSums.step(step))
      output.backward(
        Recurrence.pass(
          Blob(h, gradient: dHidden), Blob(dy, gradient: dy), weights(pass), wanted: true,
          learns: pass.learns[(recurrence.firstOfStep + 1)...]))
      if step < steps - 1 { dHidden.add(before) }
      own.assign(dHidden, h) { dh, h in dh * (1 - h * h) }
      recurrence.backwardStep(pass, step, continued: continued.step(step), sums: own, before: before)
    }
    recurrence.backwardInputs(pass, sums: dSums, pass.scratch[4])
  }

  /// The weights and biases of the output.
  private func weights(_ pass: Pass) -> ArraySlice<Blob> { pass.weights[(recurrence.firstOfStep + 1)...] }
}
