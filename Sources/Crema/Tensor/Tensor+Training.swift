import CKernels

/// The kernels for data and updates.
package var trainingKernels: UnsafePointer<TrainingKernels> {
  guard let set = unsafe CKernels.kernels()?.pointee.training else {
    preconditionFailure("no kernels for this processor")
  }
  return unsafe set
}

// What updates do to a range of a tensor's numbers. The other tensors have as many.
extension Tensor {
  private func pointer(_ range: Range<Int>, _ others: Tensor...) -> UnsafeMutablePointer<Float> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count && others.allSatisfy { $0.count == count })
    return unsafe base + range.lowerBound
  }

  /// `self *= factor`.
  package func scale(_ range: Range<Int>, by factor: Float) {
    unsafe trainingKernels.pointee.multiply(pointer(range), factor, range.count)
  }

  /// `self -= x`.
  package func subtract(_ range: Range<Int>, _ x: Tensor) {
    let start = range.lowerBound
    unsafe trainingKernels.pointee.subtract(pointer(range, x), x.base + start, range.count)
  }

  /// `self += factor * x`, with one rounding where the processor has fused multiply-adds, as BLAS does it.
  package func add(_ range: Range<Int>, _ x: Tensor, times factor: Float) {
    guard let set = unsafe CKernels.kernels() else { return }
    let start = range.lowerBound
    unsafe set.pointee.axpy(factor, x.base + start, pointer(range, x), CInt(range.count))
  }

  /// `self += factor * sign(x)`.
  package func addSigns(_ range: Range<Int>, of x: Tensor, times factor: Float) {
    let start = range.lowerBound
    unsafe trainingKernels.pointee.add_signs(pointer(range, x), x.base + start, factor, range.count)
  }

  /// The sum of squares.
  package func squares(_ range: Range<Int>) -> Double {
    guard let set = unsafe CKernels.kernels() else { return 0 }
    let start = unsafe pointer(range)
    return stride(from: 0, to: range.count, by: 4096).reduce(0) { total, i in
      unsafe total + Double(set.pointee.dot(start + i, start + i, CInt(min(4096, range.count - i))))
    }
  }

  /// `history = factor · history + rate · self`, rounded after the first product, and `self = history`.
  package func gatherMomentum(_ range: Range<Int>, _ history: Tensor, factor: Float, rate: Float) {
    guard let set = unsafe CKernels.kernels() else { return }
    let start = range.lowerBound
    unsafe set.pointee.momentum(pointer(range, history), history.base + start, factor, rate, range.count)
  }

  /// Lends the range's numbers, and those of a history, to a kernel.
  @inline(__always)
  package func update(
    _ range: Range<Int>, with h: Tensor,
    _ kernel: (TrainingKernels, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) {
    unsafe kernel(trainingKernels.pointee, pointer(range, h), h.base + range.lowerBound, range.count)
  }

  /// Lends the range's numbers, and those of two histories, to a kernel.
  @inline(__always)
  package func update(
    _ range: Range<Int>, with h: Tensor, _ i: Tensor,
    _ kernel: (
      TrainingKernels, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, Int
    ) -> Void
  ) {
    let start = range.lowerBound
    unsafe kernel(trainingKernels.pointee, pointer(range, h, i), h.base + start, i.base + start, range.count)
  }
}

// Products with few rows and a matrix so large that its way from memory is all that counts.
extension Tensor {
  /// The most rows.
  package static let fewRows = 8

  /// Some columns of `self = x · weights^T + bias`: x is rows x inputs, the weights outputs x inputs, self rows x outputs.
  package func multiplyFew(
    _ rows: Int, _ outputs: Range<Int>, of all: Int, _ weights: Tensor, _ x: Tensor, bias: Tensor?
  ) {
    let inputs = x.count / max(rows, 1)
    precondition((1...Self.fewRows).contains(rows) && x.count == rows * inputs && weights.count == all * inputs)
    precondition(count == rows * all && outputs.upperBound <= all && bias?.count ?? all == all)
    unsafe trainingKernels.pointee.inner(
      weights.base, x.base, inputs, CInt(rows), bias?.base, all, outputs.lowerBound, outputs.count, base)
  }

  /// Some columns of `self = dy · weights`: dy is rows x outputs, the weights outputs x inputs, self rows x inputs.
  package func multiplyFew(_ rows: Int, gradient inputs: Range<Int>, of all: Int, _ weights: Tensor, _ dy: Tensor) {
    let outputs = dy.count / max(rows, 1)
    precondition((1...Self.fewRows).contains(rows) && dy.count == rows * outputs && weights.count == outputs * all)
    precondition(count == rows * all && inputs.upperBound <= all)
    unsafe trainingKernels.pointee.inner_back(
      weights.base, dy.base, outputs, CInt(rows), all, inputs.lowerBound, inputs.count, base)
  }

  /// Some rows of `self += dy^T · x`, or, without `adds`, `=`: dy is rows x outputs, x rows x inputs, self outputs x inputs.
  package func gatherFew(_ rows: Int, _ outputs: Range<Int>, _ dy: Tensor, _ x: Tensor, adds: Bool) {
    let all = dy.count / max(rows, 1), inputs = x.count / max(rows, 1)
    precondition((1...Self.fewRows).contains(rows) && dy.count == rows * all && x.count == rows * inputs)
    precondition(count == all * inputs && outputs.upperBound <= all)
    unsafe trainingKernels.pointee.outer(
      dy.base, all, x.base, inputs, CInt(rows), outputs.lowerBound, outputs.count, adds ? 1 : 0, base)
  }
}
