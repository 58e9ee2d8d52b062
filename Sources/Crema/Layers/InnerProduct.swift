import Prototxt

/// `num_output` weighted sums of all values from an axis on.
///
/// Divided in parts and not by images, since a slice would need its own copy of a large weight gradient: forward and the weights'
/// gradient by outputs, the bottom's gradient by inputs.
///
/// - bottom: M rows (the axes before `axis`) of K values (the axes from it on).
/// - top: the axes before `axis`, then num_output.
/// - weights: num_output x K, or K x num_output if `transpose`; then `num_output` biases if `bias_term`.
package struct InnerProduct: Layer {
  package static let type = "InnerProduct"

  let outputs: Int, hasBias: Bool, isTransposed: Bool
  let axis: AxisField
  private let weightFiller: Filler, biasFiller: Filler
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("inner_product_param")
    outputs = parameters.int("num_output")
    hasBias = parameters.bool("bias_term")
    isTransposed = parameters.bool("transpose")
    axis = AxisField(parameters)
    weightFiller = try Filler(parameters.message("weight_filler"))
    biasFiller = try Filler(parameters.message("bias_filler"))
    place = parameters.location(of: "num_output")
    try checkOutputs(parameters)
  }

  /// The products of another layer; with biases if there is a filler for them.
  init(outputs: Int, axis: Int, _ weights: Filler, bias: Filler? = nil, at place: SourceLocation?) {
    (self.outputs, self.axis, hasBias, isTransposed) = (outputs, AxisField(index: axis), bias != nil, false)
    (weightFiller, biasFiller, self.place) = (weights, bias ?? .constant(0), place)
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let axis = try axis.resolved(in: bottoms[0]), inputs = bottoms[0].count(from: axis)
    guard inputs > 0 else { throw ShapeError("the bottom (\(bottoms[0])) has no values to sum from axis \(axis) on") }
    let weights = try Shape(isTransposed ? [inputs, outputs] : [outputs, inputs]).fitting("the weights", at: place)
    let top = try Shape(bottoms[0].axes[..<axis] + [outputs]).fitting("the top", at: place)
    var weight = Plan.Weight(weights, weightFiller)
    weight.startsGradient = true
    return Plan(
      tops: [top], weights: [weight] + (hasBias ? [.init([outputs], biasFiller)] : []),
      division: .parts, multiplyAdds: bottoms[0].count * outputs)
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data, y = pass.tops[0].data, mine = pass.share(of: outputs)
    let (rows, inputs) = size(x.shape)
    guard !mine.isEmpty else { return }
    if rows > 1, isBoundByMemory(rows: rows, inputs: inputs) {
      let bias = hasBias ? pass.weights[1].data : nil
      return y.multiplyFew(rows, mine, of: outputs, pass.weights[0].data, x, bias: bias)
    }
    if rows == 1, !isTransposed {
      return y.multiply(mine, pass.weights[0].data, x, bias: hasBias ? pass.weights[1].data : nil)
    }
    if hasBias {
      y.write(reading: pass.weights[1].data) { b, y in
        for row in 0..<rows { for o in mine { y[row * outputs + o] = b[o] } }
      }
    }
    y.write(reading: x, pass.weights[0].data) { x, w, y in
      gemm(
        x, Matrix(rows, inputs), w, weights(of: mine, inputs), beta: hasBias ? 1 : 0, into: &y, columns(mine, rows))
    }
  }

  package func backward(_ pass: Pass) {
    let x = pass.bottoms[0], dy = pass.tops[0].gradient, mine = pass.share(of: outputs)
    let (rows, inputs) = size(x.shape), across = pass.share(of: inputs)
    let isBoundByMemory = isBoundByMemory(rows: rows, inputs: inputs)
    if hasBias, pass.learns[1] {
      pass.weights[1].gradient.write(reading: dy) { dy, db in
        for row in 0..<rows { for o in mine { db[o] += dy[row * outputs + o] } }
      }
    }
    if pass.learns[0], !mine.isEmpty, isBoundByMemory {
      pass.weights[0].gradient.gatherFew(rows, mine, dy, x.data, adds: !pass.startsGradients)
    } else if pass.learns[0], !mine.isEmpty {
      pass.weights[0].gradient.write(reading: dy, x.data) { dy, x, dw in
        let (dy, x) = ((dy, columns(mine, rows)), (x, Matrix(rows, inputs))), beta: Float = pass.startsGradients ? 0 : 1
        if isTransposed {
          gemm(x.0, x.1.turned, dy.0, dy.1, beta: beta, into: &dw, weights(of: mine, inputs))
        } else {
          gemm(dy.0, dy.1.turned, x.0, x.1, beta: beta, into: &dw, weights(of: mine, inputs).turned)
        }
      }
    }
    guard pass.wanted[0], !across.isEmpty else { return }
    if isBoundByMemory {
      return x.gradient.multiplyFew(rows, gradient: across, of: inputs, pass.weights[0].data, dy)
    }
    x.gradient.write(reading: dy, pass.weights[0].data) { dy, w, dx in
      let w = (w, weights(from: across, inputs))
      gemm(
        dy, Matrix(rows, outputs), w.0, w.1, into: &dx,
        Matrix(rows, across.count, at: across.lowerBound, stride: inputs))
    }
  }

  /// Whether the way of the weights from memory is what counts: few rows, and more weights than a cache holds.
  private func isBoundByMemory(rows: Int, inputs: Int) -> Bool {
    !isTransposed && (1...Tensor.fewRows).contains(rows) && inputs * outputs >= 1 << 20
  }

  private func size(_ x: Shape) -> (rows: Int, inputs: Int) {
    (x.count(0..<axis.of(x)), x.count(from: axis.of(x)))
  }

  /// The columns of the top that belong to these outputs.
  private func columns(_ outputs: Range<Int>, _ rows: Int) -> Matrix {
    Matrix(rows, outputs.count, at: outputs.lowerBound, stride: self.outputs)
  }

  /// The weights from all inputs (rows) to these outputs (columns).
  private func weights(of outputs: Range<Int>, _ inputs: Int) -> Matrix {
    isTransposed
      ? Matrix(inputs, outputs.count, at: outputs.lowerBound, stride: self.outputs)
      : Matrix(outputs.count, inputs, at: outputs.lowerBound * inputs).turned
  }

  /// The weights from all outputs (rows) to these inputs (columns).
  private func weights(from across: Range<Int>, _ inputs: Int) -> Matrix {
    isTransposed
      ? Matrix(across.count, outputs, at: across.lowerBound * outputs).turned
      : Matrix(outputs, across.count, at: across.lowerBound, stride: inputs)
  }
}
