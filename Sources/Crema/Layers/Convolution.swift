import Prototxt

/// Cross-correlation of each image with `num_output` learned filters.
///
/// - bottoms: one or more of one shape, N x C x ..., with any number of spatial axes behind the channel axis.
/// - tops: one for each bottom, N x num_output x ...; all use the same weights.
/// - weights: num_output x C/group x kernel filters, then `num_output` biases if `bias_term`.
package struct Convolution: Layer {
  package static let type = "Convolution"
  package static let arity = Arity(bottoms: 1...Int.max, tops: 1...Int.max, oneTopForEachBottom: true)

  let outputs: Int, group: Int, hasBias: Bool
  let axis: AxisField, window: Window
  let weightFiller: Filler, biasFiller: Filler
  let parameters: Message

  package init(_ fields: Fields) throws(Diagnostic) {
    parameters = fields.parameters("convolution_param")
    outputs = parameters.int("num_output")
    group = parameters.int("group")
    hasBias = parameters.bool("bias_term")
    axis = AxisField(parameters)
    window = try Window(parameters)
    weightFiller = try Filler(parameters.message("weight_filler"))
    biasFiller = try Filler(parameters.message("bias_filler"))
    try checkOutputs(parameters)
    guard group > 0 else { throw parameters.error("group", "group must be 1 or more, not \(group)") }
    guard outputs % group == 0 else {
      throw parameters.error(
        "group", "group \(group) does not divide the \(outputs) outputs; change group or num_output")
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0], axis = try axis.resolved(in: x), channels = x[axis]
    for bottom in bottoms where bottom != x {
      throw ShapeError("all bottoms must have one shape, and they have \(x) and \(bottom)")
    }
    guard channels > 0, channels % group == 0 else {
      throw ShapeError(
        "group \(group) does not divide the \(channels) channels of the bottom (\(x)); change group",
        at: parameters.location(of: "group"))
    }
    let output = try window.output(Array(x.axes[(axis + 1)...]))
    let sides = window.sides(output.count)
    let place = parameters.location(of: "num_output")
    let top = try Shape(x.axes[..<axis] + [outputs] + output).fitting("the top", at: place)
    let filter = try Shape([outputs, channels / group] + sides.map(\.kernel)).fitting("the weights", at: place)
    _ = try Shape([channels] + sides.map(\.kernel) + output).fitting("the matrix of columns", at: place)
    let pixels = output.reduce(1, *), unfolding = Unfolding(x, axis: axis, sides: sides)
    let widest = unfolding.strips.map { unfolding.columns($0).count }.max() ?? 0
    return Plan(
      tops: bottoms.map { _ in top },
      weights: [.init(filter, weightFiller)] + (hasBias ? [.init([outputs], biasFiller)] : []),
      division: axis == 0 ? .whole : .images,
      scratch: unfolding.isIdentity ? [] : [[unfolding.taps, widest]],
      multiplyAdds: filter.count * pixels * x.count(0..<axis) * bottoms.count)
  }

  package func forward(_ pass: Pass) {
    let work = Work(self, pass.bottoms[0].shape, outputs: outputs, pass)
    for (bottom, top) in zip(pass.bottoms, pass.tops) {
      for image in 0..<work.images {
        work.clear(top.data, to: hasBias ? pass.weights[1].data : nil, image)
        work.eachStrip(bottom.data, image) { columns, taps, outputs in
          top.data.write(reading: pass.weights[0].data, columns) { w, columns, y in
            for g in 0..<group { gemm(w, work.filters(g), columns, taps(g), beta: 1, into: &y, outputs(g)) }
          }
        }
      }
    }
  }

  package func backward(_ pass: Pass) {
    let work = Work(self, pass.bottoms[0].shape, outputs: outputs, pass), learnsBias = hasBias && pass.learns[1]
    for (index, (bottom, top)) in zip(pass.bottoms, pass.tops).enumerated() {
      for image in 0..<work.images {
        if learnsBias { work.addBias(pass.weights[1].gradient, top.gradient, image) }
        if pass.learns[0] {
          work.eachStrip(bottom.data, image) { columns, taps, outputs in
            pass.weights[0].gradient.write(reading: top.gradient, columns) { dy, columns, dw in
              for g in 0..<group {
                gemm(dy, outputs(g), columns, taps(g).turned, beta: 1, into: &dw, work.filters(g))
              }
            }
          }
        }
        if pass.wanted[index] { work.backward(pass.weights[0].data, top.gradient, into: bottom.gradient, image) }
      }
    }
  }
}

extension Convolution {
  /// The matrices of one call: of a convolution, or of its transpose, whose top takes the place of the bottom.
  struct Work {
    let images: Int
    private let unfolding: Unfolding, scratch: Tensor?
    private let group: Int, count: Int

    /// For a convolution of blobs of this shape with as many outputs.
    init(_ layer: Convolution, _ shape: Shape, outputs: Int, _ pass: Pass) {
      let axis = layer.axis.of(shape)
      unfolding = Unfolding(shape, axis: axis, sides: layer.window.sides(shape.rank - axis - 1))
      images = shape.count(0..<axis)
      scratch = unfolding.isIdentity ? nil : pass.scratch[0]
      (group, count) = (layer.group, outputs)
    }

    /// The columns of each strip of an image, with the matrices of a group in the columns and in the top.
    @inline(__always)
    func eachStrip(
      _ x: Tensor, _ image: Int,
      _ body: (_ columns: Tensor, _ taps: (Int) -> Matrix, _ outputs: (Int) -> Matrix) -> Void
    ) {
      for strip in unfolding.strips {
        if let scratch { unfolding.unfold(x, image, strip, into: scratch) }
        body(scratch ?? x, { taps($0, strip, image) }, { outputs($0, strip, image) })
      }
    }

    func filters(_ g: Int) -> Matrix {
      let (rows, taps) = (count / group, unfolding.taps / group)
      return Matrix(rows, taps, at: g * rows * taps)
    }

    /// The rows of a group in a strip's columns, or in the image that is its own columns.
    private func taps(_ g: Int, _ strip: Range<Int>, _ image: Int) -> Matrix {
      let taps = unfolding.taps / group, columns = unfolding.columns(strip).count
      return Matrix(taps, columns, at: (scratch == nil ? image * unfolding.size : 0) + g * taps * columns)
    }

    private func outputs(_ g: Int, _ strip: Range<Int>, _ image: Int) -> Matrix {
      let rows = count / group, pixels = unfolding.pixels, columns = unfolding.columns(strip)
      return Matrix(
        rows, columns.count, at: (image * group + g) * rows * pixels + columns.start, stride: pixels)
    }

    /// Every position of an image becomes the bias of its channel, or zero.
    func clear(_ y: Tensor, to bias: Tensor?, _ image: Int) {
      let pixels = unfolding.pixels
      for o in 0..<count {
        y.fill(bias.map { $0.read { $0[o] } } ?? 0, pixels, at: (image * count + o) * pixels)
      }
    }

    func addBias(_ gradient: Tensor, _ dy: Tensor, _ image: Int) {
      let pixels = unfolding.pixels
      gradient.write(reading: dy) { dy, db in
        for o in 0..<count { db[o] += sum(dy, at: (image * count + o) * pixels, pixels) }
      }
    }

    /// The gradient of an image, from that of its outputs.
    func backward(_ w: Tensor, _ dy: Tensor, into dx: Tensor, _ image: Int) {
      if scratch != nil { dx.clear(unfolding.size, at: image * unfolding.size) }
      for strip in unfolding.strips {
        (scratch ?? dx).write(reading: w, dy) { w, dy, columns in
          for g in 0..<group {
            gemm(w, filters(g).turned, dy, outputs(g, strip, image), into: &columns, taps(g, strip, image))
          }
        }
        if let scratch { unfolding.fold(scratch, strip, into: dx, image) }
      }
    }
  }
}

/// Throws if a layer has no outputs.
func checkOutputs(_ parameters: Message) throws(Diagnostic) {
  guard parameters.int("num_output") > 0 else {
    throw parameters.error(
      "num_output",
      parameters.has("num_output")
        ? "num_output must be 1 or more, not 0" : "num_output is missing; give the number of outputs")
  }
}
