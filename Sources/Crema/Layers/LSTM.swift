import Prototxt

/// Long short-term memory over the steps of sequences: what `LSTMUnit` computes, on sums of the values and the outputs before.
///
/// - bottoms, tops and state: those of `Recurrence`; the states are the outputs, then the cells.
/// - weights: 4D x values and 4D biases; perhaps 4D x values of all steps; 4D x D. The gates are i, f, o, g.
/// - kept, each with the sequences side by side: the gates of all steps; their cells, beginning with those before the first step;
///   what is left of the outputs before each step.
/// - shared: the same where nothing is kept; the gradients of the sums and of the cells; those of the sums of all steps; `flow`; what steps leave to each other.
package struct LSTM: Layer {
  package static let type = "LSTM"
  package static let arity = Arity(bottoms: 2...5, tops: 1...3)
  package static let traits = Traits.recurrent

  let recurrence: Recurrence

  package init(_ fields: Fields) throws(Diagnostic) { recurrence = try Recurrence(fields, states: 2, sums: 4) }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    var plan = try recurrence.plan(bottoms)
    let outputs = recurrence.outputs, sums = try recurrence.matrix(4 * outputs, bottoms)
    plan.kept = [sums, try recurrence.matrix(outputs, bottoms, more: 1), try recurrence.matrix(outputs, bottoms)]
    plan.shared =
      plan.kept + [sums, plan.tops[0].images(1), Shape([4 * outputs, sums[2]])] + [try recurrence.flow(bottoms)]
    plan.scratch = try recurrence.scratch(bottoms)
    (plan.forwardPhases, plan.backwardPhases) = recurrence.phases(bottoms)
    return plan
  }

  package func forward(_ pass: Pass) {
    let work = Recurrence.Work(recurrence, pass), memory = pass.keeps ? pass.kept : pass.shared
    guard pass.phase == 0 else { return forward(work, step: pass.phase - 1, memory) }
    let (cells, stride) = (memory[1], work.columns + work.sequences)
    recurrence.forwardInputs(work, into: memory[0], continued: memory[2], scratch: pass.scratch[0])
    work.gather(recurrence.before(1, pass), into: cells, at: work.mine.lowerBound * stride, stride: stride)
  }

  private func forward(_ work: Recurrence.Work, step: Int, _ memory: [Tensor]) {
    guard !work.mine.isEmpty else { return }
    let (pass, count, sequences) = (work.pass, work.mine.count, work.sequences), sums = pass.scratch[0]
    let outputs = sums.view([count, sequences], from: 4 * count * sequences)
    recurrence.multiply(work, step: step, into: sums)
    cells(work, step, gates: memory[0], cells: memory[1]).forward(sums: sums, outputs: outputs)
    work.spread(outputs, at: 0, stride: sequences, into: pass.tops[0].data, from: step * sequences * work.outputs)
    guard step + 1 < work.steps else {
      let stride = work.columns + sequences
      work.spread(outputs, at: 0, stride: sequences, into: recurrence.after(0, pass))
      return work.spread(
        memory[1], at: work.mine.lowerBound * stride + work.columns, stride: stride, into: recurrence.after(1, pass))
    }
    recurrence.leave(work, outputs, from: 0, stride: sequences, step: step + 1, memory[2])
  }

  package func backward(_ pass: Pass) {
    let work = Recurrence.Work(recurrence, pass), gradients = pass.shared[3]
    switch work.steps - 1 - pass.phase {
    case 0...: backward(work, step: work.steps - 1 - pass.phase)
    case -1:
      recurrence.backwardInputs(
        work, gradients, continued: pass.kept[2], total: recurrence.hasStatic ? pass.shared[5] : nil)
    default: recurrence.backwardConstant(work, pass.shared[5])
    }
  }

  private func backward(_ work: Recurrence.Work, step: Int) {
    guard !work.mine.isEmpty else { return }
    let (pass, count, sequences) = (work.pass, work.mine.count, work.sequences)
    let (scratch, gradients, carried) = (pass.scratch[0], pass.shared[3], pass.shared[4])
    let outputs = scratch.view([count, sequences])
    work.gather(
      pass.tops[0].gradient, from: step * sequences * work.outputs, into: outputs, at: 0, stride: sequences)
    if step + 1 < work.steps {
      let size = count * sequences, before = scratch.view([size], from: size),
        other = scratch.view([size], from: 2 * size)
      recurrence.multiplyBack(work, step: step + 1, into: before, other)
      outputs.add(before)
    } else {
      carried.clear(count * sequences, at: work.mine.lowerBound * sequences)
    }
    cells(work, step, gates: pass.kept[0], cells: pass.kept[1]).backward(
      outputs: outputs, sums: gradients, carried: carried)
    recurrence.leaveBack(work, gradients, step: step)
  }

  private func cells(_ work: Recurrence.Work, _ step: Int, gates: Tensor, cells: Tensor) -> LSTMStep {
    LSTMStep(
      sequences: work.sequences, steps: work.steps, units: work.outputs, mine: work.mine, step: step, goes: work.goes,
      gates: gates, cells: cells)
  }
}
