import Prototxt

/// A simple recurrent layer: `h = tanh(sums of the values and of h before)`, and the output `tanh(sums of h)`.
///
/// - bottoms, tops and state: those of `Recurrence`; the state is h.
/// - weights: D x values and D biases; perhaps D x values of all steps; D x D for h before; D x D and D biases for the output.
/// - kept: h of all steps and what is left of h before each step, with the sequences side by side; the outputs.
/// - shared: the same where nothing is kept; the gradients of the sums of h, and of those of the outputs; those of all steps; what steps leave to each other.
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
    let all = try recurrence.matrix(recurrence.outputs, bottoms), phases = recurrence.phases(bottoms)
    plan.kept = [all, all, plan.tops[0]]
    plan.shared =
      plan.kept + [all, plan.tops[0], Shape([recurrence.outputs, all[2]])] + [try recurrence.flow(bottoms)]
    plan.scratch = try recurrence.scratch(bottoms)
    (plan.forwardPhases, plan.backwardPhases) = (phases.forward + 1, phases.backward + 2)
    return plan
  }

  package func forward(_ pass: Pass) {
    let work = Recurrence.Work(recurrence, pass), memory = pass.keeps ? pass.kept : pass.shared
    guard !work.mine.isEmpty else { return }
    switch pass.phase {
    case 0: recurrence.forwardInputs(work, into: memory[0], continued: memory[1], scratch: pass.scratch[0])
    case ...work.steps: forward(work, step: pass.phase - 1, hidden: memory[0], continued: memory[1])
    default: forwardOutputs(work, hidden: memory[0], memory[2])
    }
  }

  private func forward(_ work: Recurrence.Work, step: Int, hidden: Tensor, continued: Tensor) {
    let sums = work.pass.scratch[0], sequences = work.sequences
    recurrence.multiply(work, step: step, into: sums)
    for (row, output) in work.mine.enumerated() {
      let at = output * work.columns + step * sequences
      hidden.add(sequences, at: at, of: sums, from: row * sequences)
      hidden.hyperbolicTangent(at..<at + sequences, hidden)
    }
    let first = work.mine.lowerBound * work.columns + step * sequences
    if step + 1 < work.steps {
      recurrence.leave(work, hidden, from: first, stride: work.columns, step: step + 1, continued)
    } else {
      work.spread(hidden, at: first, stride: work.columns, into: recurrence.after(0, work.pass))
    }
  }

  private func forwardOutputs(_ work: Recurrence.Work, hidden: Tensor, _ kept: Tensor) {
    let (pass, columns, outputs, mine) = (work.pass, work.columns, work.outputs, work.mine), y = pass.tops[0].data
    let (weights, bias) = (pass.weights[recurrence.firstOfStep + 1].data, pass.weights[recurrence.firstOfStep + 2].data)
    y.write(reading: hidden, weights) { h, w, y in
      gemm(
        h, Matrix(outputs, columns).turned, w, Matrix(mine.count, outputs, at: mine.lowerBound * outputs).turned,
        into: &y, Matrix(columns, mine.count, at: mine.lowerBound, stride: outputs))
    }
    for column in 0..<columns {
      let at = column * outputs + mine.lowerBound
      y.add(mine.count, at: at, of: bias, from: mine.lowerBound)
      y.hyperbolicTangent(at..<at + mine.count, y)
      if pass.keeps { kept.copy(mine.count, at: at, of: y, from: at) }
    }
  }

  package func backward(_ pass: Pass) {
    let work = Recurrence.Work(recurrence, pass), (gradients, dOutputs) = (pass.shared[3], pass.shared[4])
    switch pass.phase {
    case 0:
      let range = pass.share(of: dOutputs.count)
      dOutputs.assign(range, pass.tops[0].gradient, pass.kept[2]) { dy, y in dy * (1 - y * y) }
    case 1: backwardOutputs(work, dOutputs, into: gradients)
    case 2..<2 + work.steps: backward(work, step: work.steps + 1 - pass.phase, gradients)
    case 2 + work.steps:
      recurrence.backwardInputs(
        work, gradients, continued: pass.kept[1], total: recurrence.hasStatic ? pass.shared[5] : nil)
      backwardWeights(work, dOutputs)
    default: recurrence.backwardConstant(work, pass.shared[5])
    }
  }

  /// What the outputs give to the gradients of h.
  private func backwardOutputs(_ work: Recurrence.Work, _ dOutputs: Tensor, into gradients: Tensor) {
    let (columns, outputs, mine) = (work.columns, work.outputs, work.mine)
    gradients.write(reading: work.pass.weights[recurrence.firstOfStep + 1].data, dOutputs) { w, dy, dh in
      gemm(
        w, Matrix(outputs, mine.count, at: mine.lowerBound, stride: outputs).turned, dy,
        Matrix(columns, outputs).turned, into: &dh, Matrix(mine.count, columns, at: mine.lowerBound * columns))
    }
  }

  private func backward(_ work: Recurrence.Work, step: Int, _ gradients: Tensor) {
    guard !work.mine.isEmpty else { return }
    let (scratch, hidden, sequences) = (work.pass.scratch[0], work.pass.kept[0], work.sequences)
    let size = work.mine.count * sequences, before = scratch.view([size])
    let isLast = step + 1 == work.steps
    if !isLast {
      recurrence.multiplyBack(work, step: step + 1, into: before, scratch.view([size], from: size))
    }
    for (row, output) in work.mine.enumerated() {
      let at = output * work.columns + step * sequences
      if !isLast { gradients.add(sequences, at: at, of: before, from: row * sequences) }
      gradients.assign(at..<at + sequences, gradients, hidden) { dh, h in dh * (1 - h * h) }
    }
    recurrence.leaveBack(work, gradients, step: step)
  }

  private func backwardWeights(_ work: Recurrence.Work, _ dOutputs: Tensor) {
    let (pass, columns, outputs, mine) = (work.pass, work.columns, work.outputs, work.mine)
    let first = recurrence.firstOfStep + 1
    if pass.learns[first] {
      pass.weights[first].gradient.write(reading: dOutputs, pass.kept[0]) { dy, h, dw in
        gemm(
          dy, Matrix(columns, mine.count, at: mine.lowerBound, stride: outputs).turned, h,
          Matrix(outputs, columns).turned, beta: 1, into: &dw,
          Matrix(mine.count, outputs, at: mine.lowerBound * outputs))
      }
    }
    guard pass.learns[first + 1] else { return }
    for column in 0..<columns {
      pass.weights[first + 1].gradient.add(
        mine.count, at: mine.lowerBound, of: dOutputs, from: column * outputs + mine.lowerBound)
    }
  }
}
