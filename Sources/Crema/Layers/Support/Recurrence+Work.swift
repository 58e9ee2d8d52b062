/// The passes of RNN and LSTM, in phases with a barrier between them: the sums of the values of all steps, then step by step what
/// depends on the outputs before. A part of a phase computes some of the outputs of every sequence.
///
/// Inside, sequences lie side by side: a matrix has a row for each sum or output, and in it T x N numbers, step after step.
extension Recurrence {
  /// The sizes of a pass, and the outputs that a part computes.
  struct Work {
    let pass: Pass
    let steps: Int, sequences: Int, outputs: Int
    let mine: Range<Int>
    /// T · N.
    var columns: Int { steps * sequences }
    /// What a step leaves to the next one: rows of N numbers, for even and for odd steps.
    var flow: Tensor { pass.shared[pass.shared.count - 1] }
    /// The numbers that say whether sequences go on.
    var goes: Tensor { pass.bottoms[1].data }

    init(_ recurrence: Recurrence, _ pass: Pass) {
      let (steps, sequences) = Recurrence.size(pass.bottoms[0].shape)
      (self.pass, self.steps, self.sequences, outputs) = (pass, steps, sequences, recurrence.outputs)
      mine = pass.share(of: recurrence.outputs)
    }

    /// Where a row of `flow` begins, of so many rows.
    func place(of row: Int, _ step: Int, rows: Int) -> Int { (step % 2 * rows + row) * sequences }

    /// `rows[d] = x` transposed at one step for each output of this part: x is N x D from `start` on, rows begin at `from` in each row
    /// of `stride` numbers.
    func gather(_ x: Tensor, from start: Int = 0, into rows: Tensor, at first: Int, stride: Int) {
      rows.turn(
        mine.count, sequences, at: first, stride: stride, of: x, from: start + mine.lowerBound, stride: outputs)
    }

    /// The inverse of `gather`.
    func spread(_ rows: Tensor, at first: Int, stride: Int, into x: Tensor, from start: Int = 0) {
      x.turn(
        sequences, mine.count, at: start + mine.lowerBound, stride: outputs, of: rows, from: first, stride: stride)
    }
  }

  /// The number of phases in which a forward pass of LSTM computes.
  func phases(_ bottoms: [Shape]) -> (forward: Int, backward: Int) {
    let steps = Recurrence.size(bottoms[0]).steps
    return (1 + steps, steps + (hasStatic ? 2 : 1))
  }

  /// The shape of a matrix with a number for each of `rows`, step and sequence.
  func matrix(_ rows: Int, _ bottoms: [Shape], more: Int = 0) throws(ShapeError) -> Shape {
    let (steps, sequences) = Recurrence.size(bottoms[0])
    return try Shape([rows, steps + more, sequences]).fitting("the sums of all steps")
  }

  /// The memory of a part: for the sums and outputs of one step, and for those of one sequence.
  func scratch(_ bottoms: [Shape]) throws(ShapeError) -> [Shape] {
    let sequences = Recurrence.size(bottoms[0]).sequences
    return [try Shape([max(sums + 1, 3), outputs, sequences]).fitting("the sums of a step"), Shape([2, outputs])]
  }

  /// The memory for what steps leave to each other.
  func flow(_ bottoms: [Shape]) throws(ShapeError) -> Shape {
    try Shape([2, sums, outputs, Recurrence.size(bottoms[0]).sequences]).fitting("the sums of two steps")
  }

  /// What the values give to the sums, in `rows`, with the biases; and what is left of the outputs before the first step.
  func forwardInputs(_ work: Work, into rows: Tensor, continued: Tensor, scratch: Tensor) {
    let (pass, columns) = (work.pass, work.columns), mine = pass.share(of: sums * outputs)
    guard !mine.isEmpty else { return }
    let inputs = pass.bottoms[0].shape.count(from: 2), bias = pass.weights[1].data
    for row in mine { rows.fill(bias.read { $0[row] }, columns, at: row * columns) }
    rows.write(reading: pass.weights[0].data, pass.bottoms[0].data) { w, x, rows in
      gemm(
        w, Matrix(mine.count, inputs, at: mine.lowerBound * inputs), x, Matrix(columns, inputs).turned, beta: 1,
        into: &rows, Matrix(mine.count, columns, at: mine.lowerBound * columns))
    }
    if hasStatic { addConstant(work, mine, to: rows, scratch) }
    guard !work.mine.isEmpty else { return }
    let outputs = scratch.view([work.mine.count, work.sequences])
    work.gather(before(0, pass), into: outputs, at: 0, stride: work.sequences)
    leave(work, outputs, from: 0, stride: work.sequences, step: 0, continued)
  }

  private func addConstant(_ work: Work, _ mine: Range<Int>, to rows: Tensor, _ scratch: Tensor) {
    let x = work.pass.bottoms[2].data, inputs = x.shape.count(from: 1), sequences = work.sequences
    scratch.write(reading: work.pass.weights[2].data, x) { w, x, scratch in
      gemm(
        w, Matrix(mine.count, inputs, at: mine.lowerBound * inputs), x, Matrix(sequences, inputs).turned,
        into: &scratch, Matrix(mine.count, sequences))
    }
    for (row, sum) in mine.enumerated() {
      for step in 0..<work.steps {
        rows.add(
          sequences, at: sum * work.columns + step * sequences, of: scratch, from: row * sequences)
      }
    }
  }

  /// Leaves the outputs of this part to a step: what is left of them if sequences begin there, in the matrix of all steps and in
  /// `flow`. They are rows of `stride` numbers from `first` on.
  func leave(_ work: Work, _ values: Tensor, from first: Int, stride: Int, step: Int, _ continued: Tensor) {
    let (sequences, flow) = (work.sequences, work.flow)
    for (row, output) in work.mine.enumerated() {
      let at = work.place(of: output, step, rows: outputs)
      keepGoing(work, step: step, flow, at: at, of: values, from: first + row * stride)
      continued.copy(sequences, at: output * work.columns + step * sequences, of: flow, from: at)
    }
  }

  /// `y = x · (whether each sequence goes on at this step)`, for one output.
  @inline(__always)
  func keepGoing(_ work: Work, step: Int, _ y: Tensor, at start: Int, of x: Tensor, from other: Int) {
    y.assign(work.sequences, at: start, x, from: other, work.goes, from: step * work.sequences) { $0 * $1 }
  }

  /// What is left of the outputs before a step gives to the sums of this part: `result` has a row of N for each, sum by sum.
  func multiply(_ work: Work, step: Int, into result: Tensor) {
    let weights = work.pass.weights[firstOfStep].data, count = work.mine.count, sequences = work.sequences
    for sum in 0..<sums {
      let first = (sum * outputs + work.mine.lowerBound) * outputs
      guard sequences >= Self.manySequences else {
        let rows = weights.view([count, outputs], from: first)
        multiplyOneByOne(work, step, rows, into: result, at: sum * count * sequences)
        continue
      }
      result.multiply(
        (count, sequences, outputs), at: sum * count * sequences, stride: sequences, weights, from: first, row: outputs,
        column: 1, work.flow, from: work.place(of: 0, step, rows: outputs), row: sequences)
    }
  }

  /// As many sequences side by side fill the registers of every processor.
  private static let manySequences = 16

  private func multiplyOneByOne(
    _ work: Work, _ step: Int, _ rows: Tensor, into result: Tensor, at first: Int
  ) {
    let (vector, sums) = (work.pass.scratch[1].view([outputs]), work.pass.scratch[1].view([outputs], from: outputs))
    for n in 0..<work.sequences {
      vector.copy(
        outputs, at: 0, of: work.flow, from: work.place(of: 0, step, rows: outputs) + n, stride: work.sequences)
      sums.multiply(0..<work.mine.count, rows, vector, bias: nil)
      result.write(reading: sums) { sums, result in
        for row in 0..<work.mine.count { result[first + row * work.sequences + n] = sums[row] }
      }
    }
  }

  /// The gradients that the sums of a step give to the outputs before it, for this part: a row of N each. `other` is memory for as
  /// many numbers.
  func multiplyBack(_ work: Work, step: Int, into result: Tensor, _ other: Tensor) {
    let weights = work.pass.weights[firstOfStep].data, (count, sequences) = (work.mine.count, work.sequences)
    let first = work.place(of: 0, step, rows: sums * outputs)
    if sequences >= Self.manySequences {
      result.multiply(
        (count, sequences, sums * outputs), at: 0, stride: sequences, weights, from: work.mine.lowerBound, row: 1,
        column: outputs, work.flow, from: first, row: sequences)
    } else {
      other.multiply(
        (sequences, count, sums * outputs), at: 0, stride: count, work.flow, from: first, row: 1, column: sequences,
        weights, from: work.mine.lowerBound, row: outputs)
      result.turn(count, sequences, at: 0, stride: sequences, of: other, from: 0, stride: count)
    }
    for row in 0..<count {
      keepGoing(work, step: step, result, at: row * sequences, of: result, from: row * sequences)
    }
  }

  /// Leaves the gradients of the sums of this part to the step before.
  func leaveBack(_ work: Work, _ gradients: Tensor, step: Int) {
    for sum in 0..<sums {
      for output in work.mine {
        let row = sum * outputs + output
        work.flow.copy(
          work.sequences, at: work.place(of: row, step, rows: sums * outputs), of: gradients,
          from: row * work.columns + step * work.sequences)
      }
    }
  }

  /// The gradients of the weights and of the values, from those of the sums of all steps. `total` gets the sums over the steps.
  func backwardInputs(_ work: Work, _ gradients: Tensor, continued: Tensor, total: Tensor?) {
    let (pass, columns) = (work.pass, work.columns), inputs = pass.bottoms[0].shape.count(from: 2)
    let rows = pass.share(of: sums * outputs), across = pass.share(of: columns), first = firstOfStep
    let own = Matrix(rows.count, columns, at: rows.lowerBound * columns), beta: Float = pass.startsGradients ? 0 : 1
    if pass.learns[0] {
      pass.weights[0].gradient.write(reading: gradients, pass.bottoms[0].data) { d, x, dw in
        gemm(
          d, own, x, Matrix(columns, inputs), beta: beta, into: &dw,
          Matrix(rows.count, inputs, at: rows.lowerBound * inputs))
      }
    }
    if pass.learns[1] {
      pass.weights[1].gradient.write(reading: gradients) { d, db in
        for row in rows { db[row] += sum(d, at: row * columns, columns) }
      }
    }
    if pass.learns[first] {
      pass.weights[first].gradient.write(reading: gradients, continued) { d, h, dw in
        gemm(
          d, own, h, Matrix(outputs, columns).turned, beta: beta, into: &dw,
          Matrix(rows.count, outputs, at: rows.lowerBound * outputs))
      }
    }
    if pass.wanted[0] {
      pass.bottoms[0].gradient.write(reading: gradients, pass.weights[0].data) { d, w, dx in
        gemm(
          d, Matrix(sums * outputs, across.count, at: across.lowerBound, stride: columns).turned, w,
          Matrix(sums * outputs, inputs), into: &dx, Matrix(across.count, inputs, at: across.lowerBound * inputs))
      }
    }
    if let total { addSteps(work, gradients, rows, into: total) }
    guard pass.isFirst else { return }
    for index in pass.bottoms.indices.dropFirst(hasStatic ? 3 : 2) where pass.wanted[index] {
      pass.bottoms[index].gradient.clear()
    }
  }

  private func addSteps(_ work: Work, _ gradients: Tensor, _ rows: Range<Int>, into total: Tensor) {
    let count = work.sequences
    for row in rows {
      total.clear(count, at: row * count)
      for step in 0..<work.steps {
        total.add(count, at: row * count, of: gradients, from: row * work.columns + step * count)
      }
    }
  }

  /// The gradients of the values of all steps and of their weights, from the sums over the steps.
  func backwardConstant(_ work: Work, _ total: Tensor) {
    let pass = work.pass, x = pass.bottoms[2], inputs = x.shape.count(from: 1), count = work.sequences
    let rows = pass.share(of: sums * outputs), across = pass.share(of: inputs)
    if pass.learns[2] {
      pass.weights[2].gradient.write(reading: total, x.data) { d, x, dw in
        gemm(
          d, Matrix(rows.count, count, at: rows.lowerBound * count), x, Matrix(count, inputs),
          beta: pass.startsGradients ? 0 : 1, into: &dw,
          Matrix(rows.count, inputs, at: rows.lowerBound * inputs))
      }
    }
    guard pass.wanted[2] else { return }
    x.gradient.write(reading: total, pass.weights[2].data) { d, w, dx in
      gemm(
        d, Matrix(sums * outputs, count).turned, w,
        Matrix(sums * outputs, across.count, at: across.lowerBound, stride: inputs), into: &dx,
        Matrix(count, across.count, at: across.lowerBound, stride: inputs))
    }
  }
}
