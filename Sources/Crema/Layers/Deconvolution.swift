import Prototxt

/// The transpose of a convolution: each value adds its filter to the top, at the place of the window that it stands for.
///
/// - bottoms: one or more of one shape, N x C x ..., with any number of spatial axes behind the channel axis.
/// - tops: one for each bottom, N x num_output x ...; all use the same weights.
/// - weights: C x num_output/group x kernel filters, then `num_output` biases if `bias_term`.
package struct Deconvolution: Layer {
  package static let type = "Deconvolution"
  package static let arity = Convolution.arity

  /// The convolution whose bottom is this layer's top, with this layer's parameters.
  let transpose: Convolution

  package init(_ fields: Fields) throws(Diagnostic) { transpose = try Convolution(fields) }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0], axis = try transpose.axis.resolved(in: x), channels = x[axis]
    let (parameters, outputs, group) = (transpose.parameters, transpose.outputs, transpose.group)
    for bottom in bottoms where bottom != x {
      throw ShapeError("all bottoms must have one shape, and they have \(x) and \(bottom)")
    }
    guard channels > 0, channels % group == 0 else {
      throw ShapeError(
        "group \(group) does not divide the \(channels) channels of the bottom (\(x)); change group",
        at: parameters.location(of: "group"))
    }
    let input = Array(x.axes[(axis + 1)...]), sides = try transpose.window.checkedSides(input.count)
    let output = zip(sides, input).map { $0.input($1) }, kernel = sides.map(\.kernel)
    guard zip(input, output).allSatisfy({ $0 > 0 && $1 > 0 }) else {
      throw ShapeError(
        "nothing is left of the top: it would have the lengths \(output.map(String.init).joined(separator: ", ")); "
          + "pad less or make the kernel larger",
        at: parameters.location(of: parameters.has("pad_h") ? "pad_h" : "pad"))
    }
    let place = parameters.location(of: "num_output")
    let top = try Shape(x.axes[..<axis] + [outputs] + output).fitting("the top", at: place)
    let filter = try Shape([channels, outputs / group] + kernel).fitting("the weights", at: place)
    _ = try Shape([outputs] + kernel + input).fitting("the matrix of columns", at: place)
    let unfolding = Unfolding(top, axis: axis, sides: sides)
    let widest = unfolding.strips.map { unfolding.columns($0).count }.max() ?? 0
    return Plan(
      tops: bottoms.map { _ in top },
      weights: [.init(filter, transpose.weightFiller)]
        + (transpose.hasBias ? [.init([outputs], transpose.biasFiller)] : []),
      division: axis == 0 ? .whole : .images,
      scratch: unfolding.isIdentity ? [] : [[unfolding.taps, widest]],
      multiplyAdds: filter.count * input.reduce(1, *) * x.count(0..<axis) * bottoms.count)
  }

  package func forward(_ pass: Pass) {
    let work = work(pass)
    for (bottom, top) in zip(pass.bottoms, pass.tops) {
      for image in 0..<work.images {
        work.backward(pass.weights[0].data, bottom.data, into: top.data, image)
        guard transpose.hasBias else { continue }
        eachPlane(top.shape, image) { output, range in
          let bias = pass.weights[1].data.read { $0[output] }
          top.data.assign(range, top.data) { $0 + bias }
        }
      }
    }
  }

  package func backward(_ pass: Pass) {
    let work = work(pass), learnsBias = transpose.hasBias && pass.learns[1]
    for (index, (bottom, top)) in zip(pass.bottoms, pass.tops).enumerated() {
      for image in 0..<work.images {
        if learnsBias {
          pass.weights[1].gradient.write(reading: top.gradient) { dy, db in
            eachPlane(top.shape, image) { output, range in db[output] += sum(dy, at: range.lowerBound, range.count) }
          }
        }
        guard pass.learns[0] || pass.wanted[index] else { continue }
        work.eachStrip(top.gradient, image) { columns, taps, inputs in
          for g in 0..<transpose.group where pass.learns[0] {
            pass.weights[0].gradient.write(reading: bottom.data, columns) { x, columns, dw in
              gemm(x, inputs(g), columns, taps(g).turned, beta: 1, into: &dw, work.filters(g))
            }
          }
          for g in 0..<transpose.group where pass.wanted[index] {
            bottom.gradient.write(reading: pass.weights[0].data, columns) { w, columns, dx in
              gemm(w, work.filters(g), columns, taps(g), into: &dx, inputs(g))
            }
          }
        }
      }
    }
  }

  private func work(_ pass: Pass) -> Convolution.Work {
    let x = pass.bottoms[0].shape
    return Convolution.Work(transpose, pass.tops[0].shape, outputs: x[transpose.axis.of(x)], pass)
  }

  /// The outputs of an image, and where each is in the top.
  @inline(__always)
  private func eachPlane(_ top: Shape, _ image: Int, _ body: (_ output: Int, _ range: Range<Int>) -> Void) {
    let area = top.count(from: transpose.axis.of(top) + 1)
    for output in 0..<transpose.outputs {
      let start = (image * transpose.outputs + output) * area
      body(output, start..<start + area)
    }
  }
}
