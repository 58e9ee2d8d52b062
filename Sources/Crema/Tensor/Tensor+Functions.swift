import CKernels

extension Tensor {
  /// The kernels of functions.
  fileprivate static var functions: UnsafePointer<FunctionKernels> {
    guard let functions = unsafe kernels.pointee.functions else { preconditionFailure("no kernels of functions") }
    return unsafe functions
  }

  /// `self = 1 / (1 + exp(-x))`. `x` may be `self`.
  package func sigmoid(_ x: Tensor) {
    precondition(x.count == count)
    unsafe Self.functions.pointee.sigmoid(x.base, base, count)
  }

  /// `self = tanh(x)` in a range. `x` may be `self`.
  package func hyperbolicTangent(_ range: Range<Int>, _ x: Tensor) {
    precondition(range.lowerBound >= 0 && range.upperBound <= min(count, x.count))
    let start = range.lowerBound
    unsafe Self.functions.pointee.hyperbolic_tangent(x.base + start, base + start, range.count)
  }

  /// `self = tanh(x)`. `x` may be `self`.
  package func hyperbolicTangent(_ x: Tensor) {
    precondition(x.count == count)
    hyperbolicTangent(0..<count, x)
  }

  /// `self = x` where `x` is positive, `alpha · (exp(x) - 1)` elsewhere. `x` may be `self`.
  package func exponentialUnits(_ x: Tensor, alpha: Float) {
    precondition(x.count == count)
    unsafe Self.functions.pointee.elu(x.base, alpha, base, count)
  }

  /// The gradient of `exponentialUnits`, whose result was `y`. Any of them may be `self`.
  package func exponentialUnits(gradient dy: Tensor, _ x: Tensor, _ y: Tensor, alpha: Float) {
    precondition(x.count == count && y.count == count && dy.count == count)
    unsafe Self.functions.pointee.elu_back(dy.base, x.base, y.base, alpha, base, count)
  }

  /// `self = x` where `x` is positive, `slope · x` elsewhere, in a range. `x` may be `self`.
  package func rectify(_ range: Range<Int>, _ x: Tensor, slope: Float) {
    precondition(range.lowerBound >= 0 && range.upperBound <= min(count, x.count))
    let start = range.lowerBound
    unsafe Self.kernels.pointee.relu(x.base + start, slope, base + start, range.count)
  }

  /// `self = dy` where `x` is positive, `slope · dy` elsewhere, in a range. `dy` and `x` may be `self`.
  package func rectify(_ range: Range<Int>, gradient dy: Tensor, _ x: Tensor, slope: Float) {
    precondition(range.lowerBound >= 0 && range.upperBound <= min(count, x.count, dy.count))
    let start = range.lowerBound
    unsafe Self.kernels.pointee.relu_back(dy.base + start, x.base + start, slope, base + start, range.count)
  }

  /// The sum of `dy · self` in a range, where `self` is not positive.
  package func negativeProducts(_ range: Range<Int>, _ dy: Tensor) -> Float {
    precondition(range.lowerBound >= 0 && range.upperBound <= min(count, dy.count))
    let start = range.lowerBound
    return unsafe Self.functions.pointee.negative_products(dy.base + start, base + start, range.count)
  }

  /// The sum of the products with another tensor in a range.
  package func products(_ range: Range<Int>, _ other: Tensor) -> Float {
    precondition(range.lowerBound >= 0 && range.upperBound <= min(count, other.count))
    let start = range.lowerBound
    return unsafe Self.kernels.pointee.dot(base + start, other.base + start, Int32(range.count))
  }

  /// Probabilities: exponentials of `positions` from `start` on, each with `classes` numbers that lie `stride` apart, divided by
  /// their sums. `x` may be `self`.
  package func softmax(_ x: Tensor, at start: Int, classes: Int, stride: Int, positions: Int) {
    guard classes > 0, positions > 0 else { return }
    precondition(start >= 0 && start + (classes - 1) * stride + positions <= min(count, x.count))
    unsafe Self.functions.pointee.softmax(x.base + start, Int32(classes), stride, positions, base + start)
  }

  /// The gradient of `softmax`, whose result was `y`. `dy` may be `self`.
  package func softmax(gradient dy: Tensor, _ y: Tensor, at start: Int, classes: Int, stride: Int, positions: Int) {
    guard classes > 0, positions > 0 else { return }
    precondition(start >= 0 && start + (classes - 1) * stride + positions <= min(count, y.count, dy.count))
    unsafe Self.functions.pointee.softmax_back(
      dy.base + start, y.base + start, Int32(classes), stride, positions, base + start)
  }
}

/// Local responses over neighbouring channels of one image.
package struct ChannelResponses {
  private var sizes: Responses
  private let count: Int

  /// `base = start + part · (the sum of x² over the channels that are `reach` away at most)`.
  package init(channels: Int, area: Int, reach: Int, start: Float, part: Float, power: Float) {
    sizes = Responses(
      channels: Int32(clamping: channels), reach: Int32(clamping: min(reach, channels)), area: area, start: start,
      part: part, power: power)
    count = channels * area
  }

  /// `y = x · base^-power` from `start` on; the bases are kept if there is memory for them.
  package func forward(_ x: Tensor, base: Tensor?, into y: Tensor, at start: Int) {
    precondition(start >= 0 && start + count <= min(x.count, y.count, base?.count ?? y.count))
    guard count > 0 else { return }
    var sizes = sizes
    unsafe Tensor.functions.pointee.respond(
      &sizes, x.base + start, base.map { unsafe $0.base + start }, y.base + start)
  }

  /// `dx = dy · base^-power - factor · x · (the sum of dy · y / base over the window)` from `start` on.
  package func backward(
    _ x: Tensor, _ y: Tensor, base: Tensor, gradient dy: Tensor, into dx: Tensor, at start: Int, factor: Float
  ) {
    precondition(start >= 0 && start + count <= min(x.count, y.count, base.count, dy.count, dx.count))
    guard count > 0 else { return }
    var sizes = sizes
    unsafe Tensor.functions.pointee.respond_back(
      &sizes, factor, x.base + start, y.base + start, base.base + start, dy.base + start, dx.base + start)
  }
}

extension Tensor {
  /// `self[start + i · stride + j] = sum over k of a[first + i · row + k · column] · b[second + k · other + j]`, for i < m, j < n and
  /// k < inner: the products of a matrix with vectors that lie side by side.
  package func multiply(
    _ sizes: (m: Int, n: Int, inner: Int), at start: Int, stride: Int, _ a: Tensor, from first: Int, row: Int,
    column: Int, _ b: Tensor, from second: Int, row other: Int
  ) {
    let (m, n, inner) = sizes
    guard m > 0, n > 0 else { return }
    precondition(start >= 0 && start + (m - 1) * stride + n <= count && stride >= n)
    precondition(inner > 0 && first >= 0 && first + (m - 1) * row + (inner - 1) * column < a.count)
    precondition(second >= 0 && second + (inner - 1) * other + n <= b.count)
    unsafe Self.kernels.pointee.product(
      Int32(m), Int32(n), Int32(inner), a.base + first, row, column, b.base + second, other, nil, base + start, stride)
  }
}

/// One step of some units of a long short-term memory. Matrices have a row for each unit (four times as many for gates, in the order
/// i, f, o, g), and in it `sequences` numbers for each step.
package struct LSTMStep {
  let sequences: Int, steps: Int, units: Int, mine: Range<Int>, step: Int
  /// Whether each sequence goes on: steps x sequences.
  let goes: Tensor
  let gates: Tensor
  /// One step more than the others: that before the first.
  let cells: Tensor

  private var columns: Int { sequences * steps }

  private func check(_ others: Tensor...) {
    precondition(mine.lowerBound >= 0 && mine.upperBound <= units && step >= 0 && step < steps)
    precondition(goes.count == columns && gates.count == 4 * units * columns)
    precondition(cells.count == units * (columns + sequences))
    for other in others { precondition(other.count >= mine.count * sequences) }
  }

  /// Makes the gates of their sums, and writes the cells and the outputs.
  ///
  /// - Parameters:
  ///   - sums: for each gate and unit of `mine` what the outputs before give.
  ///   - outputs: a row for each unit of `mine`.
  func forward(sums: Tensor, outputs: Tensor) {
    check(outputs)
    precondition(sums.count >= 4 * mine.count * sequences)
    for row in 0..<mine.count {
      var cell = unsafe memory(row, outputs)
      let at = { gate in (gate * mine.count + row) * sequences }
      unsafe cell.sums = unsafe (sums.base + at(0), sums.base + at(1), sums.base + at(2), sums.base + at(3))
      unsafe Tensor.functions.pointee.lstm(&cell)
    }
  }

  /// The gradients of the sums of this step; `carried` are those of the cells, from the step behind and then to the one before.
  func backward(outputs: Tensor, sums: Tensor, carried: Tensor) {
    check(outputs)
    precondition(sums.count == gates.count && carried.count == units * sequences)
    for row in 0..<mine.count {
      var cell = unsafe memory(row, outputs)
      let at = { gate in (gate * units + mine.lowerBound + row) * columns + step * sequences }
      unsafe cell.sums = unsafe (sums.base + at(0), sums.base + at(1), sums.base + at(2), sums.base + at(3))
      unsafe cell.carried = carried.base + (mine.lowerBound + row) * sequences
      unsafe Tensor.functions.pointee.lstm_back(&cell)
    }
  }

  /// Where the numbers of a unit are.
  private func memory(_ row: Int, _ outputs: Tensor) -> LSTMCells {
    let unit = mine.lowerBound + row, at = { gate in (gate * units + unit) * columns + step * sequences }
    let before = unsafe cells.base + unit * (columns + sequences) + step * sequences
    var cell = unsafe LSTMCells()
    unsafe cell.count = Int32(sequences)
    unsafe cell.goes = UnsafePointer(goes.base + step * sequences)
    unsafe cell.before = UnsafePointer(before)
    unsafe cell.gates = unsafe (gates.base + at(0), gates.base + at(1), gates.base + at(2), gates.base + at(3))
    unsafe cell.cells = before + sequences
    unsafe cell.outputs = outputs.base + row * sequences
    return unsafe cell
  }
}
