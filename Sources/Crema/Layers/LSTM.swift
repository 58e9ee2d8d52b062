import Prototxt

/// Long short-term memory over the steps of sequences: `LSTMUnit` on sums of the values and the outputs before.
///
/// - bottoms, tops and state: those of `Recurrence`; the states are the outputs, then the cells.
/// - weights: 4D x values and 4D biases; perhaps 4D x values of all steps; 4D x D. The gates are i, f, o, g.
/// - kept: the gates of all steps; their cells, beginning with those before the first step; the outputs before each step.
package struct LSTM: Layer {
  package static let type = "LSTM"
  package static let arity = Arity(bottoms: 2...5, tops: 1...3)
  package static let traits = Traits.recurrent

  let recurrence: Recurrence
  private let unit: LSTMUnit

  package init(_ fields: Fields) throws(Diagnostic) {
    recurrence = try Recurrence(fields, states: 2, sums: 4)
    unit = try LSTMUnit(fields)
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    var plan = try recurrence.plan(bottoms)
    let (steps, sequences) = Recurrence.size(bottoms[0]), outputs = recurrence.outputs
    let gates = try Shape([steps, sequences, 4 * outputs]).fitting("the gates")
    let cells = try Shape([steps + 1, sequences, outputs]).fitting("the cells")
    plan.kept = [gates, cells, plan.tops[0]]
    plan.scratch = plan.kept + [gates.images(1), gates.images(1), plan.tops[0].images(1)]
    return plan
  }

  package func forward(_ pass: Pass) {
    let memory = pass.keeps ? pass.kept : pass.scratch
    let (gates, cells, continued) = (memory[0], memory[1], memory[2])
    let (sums, same) = (pass.scratch[3], pass.scratch[4]), outputs = pass.tops[0].data, steps = outputs.shape[0]
    recurrence.forwardInputs(pass, into: gates, same)
    cells.step(0).copy(recurrence.before(1, pass))
    for step in 0..<steps {
      recurrence.forwardStep(
        pass, step, before: step == 0 ? recurrence.before(0, pass) : outputs.step(step - 1),
        continued: continued.step(step), inputs: (gates.step(step), same), into: sums)
      unit.forward(
        unitPass(pass, step, gates: gates, cells: (cells, cells), sums: (sums, sums), outputs: (outputs, outputs)))
    }
    recurrence.setAfter(0, pass, outputs.step(steps - 1))
    recurrence.setAfter(1, pass, cells.step(steps))
  }

  package func backward(_ pass: Pass) {
    let (gates, cells, continued) = (pass.kept[0], pass.kept[1], pass.kept[2])
    let (dSums, dCells, dOutputs) = (pass.scratch[0], pass.scratch[1], pass.scratch[2])
    let (outputs, steps) = (pass.tops[0].data, dOutputs.shape[0]), before = pass.scratch[5]
    dOutputs.copy(pass.tops[0].gradient)
    dCells.step(steps).clear()
    for step in (0..<steps).reversed() {
      let own = dSums.step(step)
      unit.backward(
        unitPass(
          pass, step, gates: gates, cells: (cells, dCells), sums: (own, own), outputs: (outputs, dOutputs)))
      recurrence.backwardStep(pass, step, continued: continued.step(step), sums: own, before: before)
      if step > 0 { dOutputs.step(step - 1).add(before) }
    }
    recurrence.backwardInputs(pass, sums: dSums, pass.scratch[4])
  }

  /// The pass of the unit over one step. Of each pair, values come first and gradients second.
  private func unitPass(
    _ pass: Pass, _ step: Int, gates: Tensor, cells: (Tensor, Tensor), sums: (Tensor, Tensor),
    outputs: (Tensor, Tensor)
  ) -> Pass {
    let goes = pass.bottoms[1].data.step(step)
    let cell = { (index: Int) in Blob(cells.0.step(index), gradient: cells.1.step(index)) }
    return Pass(
      bottoms: [cell(step), Blob(sums.0, gradient: sums.1), Blob(goes, gradient: goes)],
      tops: [cell(step + 1), Blob(outputs.0.step(step), gradient: outputs.1.step(step))],
      kept: [gates.step(step)], wanted: [true, true, false], keeps: pass.keeps)
  }
}
