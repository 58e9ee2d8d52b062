import CKernels

extension ChainStep {
  private func gradient(_ i: Int, _ worker: Int) -> UnsafeMutablePointer<Float> {
    unsafe gradients[worker].base + (grid.margin + i * grid.plane + grid.start)
  }

  func backward(_ job: Int, worker: Int) {
    guard program.runsBackward else { return }
    for (weights, bias) in own[job] {
      weights.clear()
      bias.clear()
    }
    for image in slices[job] {
      for (i, operation) in program.operations.enumerated() where program.again[i] {
        forward(operation, image, .all(worker))
      }
      for operation in program.operations.reversed() { backward(operation, image, worker, own[job]) }
    }
  }

  func finishBackward() { input?.joinSums() }

  private func backward(
    _ operation: ChainOperation, _ image: Int, _ worker: Int, _ own: [(weights: Tensor, bias: Tensor)]
  ) {
    switch operation {
    case .pool(let from, let value): unpool(value, image, from, worker)
    case .convolve(let c, let from, let to, let add): backward(convolutions[c], from, to, add, worker, own[c])
    case .combine(let sum):
      let size = Int32(grid.plane - 2 * grid.start)
      for term in [sum.x, sum.y] where term.wanted {
        for c in 0..<sum.to.channels {
          let (dy, dx) = unsafe (gradient(sum.to.first + c, worker), gradient(term.place.first + c, worker))
          if term.add {
            unsafe kernels.pointee.combine(dy, dx, term.factor, 1, 0, dx, size)
          } else {
            unsafe kernels.pointee.scale(dy, term.factor, 0, dx, size)
          }
        }
      }
    case .load(let value, let to): store(value, image, to, worker, own.last)
    }
  }

  private func unpool(_ value: Int, _ image: Int, _ from: Place, _ worker: Int) {
    let top = memory.values[value], width = top.shape[3], area = top.shape[2] * width
    for c in 0..<from.channels {
      let at = (image * from.channels + c) * area
      var dy = unsafe top.gradient.base + at
      if let output {
        let (a, b, shift) = output.backFactors[c], sum = unsafe pieces[worker].base
        unsafe kernels.pointee.combine(dy, top.data.base + at, a, b, shift, sum, Int32(area))
        unsafe dy = sum
      }
      unsafe kernels.pointee.unpool(
        dy, which.base + at, Int32(width), gradient(from.first + c, worker),
        Int32(from.width), Int32(from.height), Int32(grid.stride))
    }
  }

  private func backward(
    _ convolution: PackedConvolution, _ from: Place, _ to: Place, _ add: Bool, _ worker: Int,
    _ own: (weights: Tensor, bias: Tensor)
  ) {
    let dy = unsafe gradient(to.first, worker), run = Int32(grid.run(to))
    if convolution.learnsWeights {
      if let way = convolution.winograd, way.weights {
        unsafe winograd_convolve_weights(
          way.forward.base, kernels, plane(from.first, worker), grid.plane, dy, grid.plane, Int32(to.height),
          own.weights.base, bands[worker].base)
      } else {
        unsafe kernels.pointee.convolve_weights(
          plane(from.first, worker), convolution.offsets.base, Int32(convolution.taps), dy, grid.plane,
          Int32(convolution.outputs), own.weights.base, run)
      }
    }
    if convolution.learnsBias {
      for o in 0..<convolution.outputs { unsafe own.bias.base[o] += kernels.pointee.sum(dy + o * grid.plane, run) }
    }
    guard convolution.wantsBottom else { return }
    let dx = unsafe gradient(add ? program.planes : from.first, worker)
    if let way = convolution.winograd {
      unsafe winograd_convolve(
        way.backward.base, kernels, dy, grid.plane, nil, dx, grid.plane, Int32(from.height), bands[worker].base)
    } else {
      unsafe kernels.pointee.convolve(
        dy, convolution.backOffsets.base, Int32(convolution.backTaps), convolution.back.base, nil,
        Int32(convolution.channels), dx, grid.plane, Int32(grid.pad == 0 ? grid.plane : grid.run(from)))
    }
    unsafe clearGap(dx, from, from.height)
    guard add else { return }
    for c in 0..<from.channels {
      let sum = unsafe gradient(from.first + c, worker)
      unsafe kernels.pointee.combine(dx + c * grid.plane, sum, 1, 1, 0, sum, Int32(grid.run(from)))
    }
  }

  /// The gradient of the chain's source, to plain NCHW, through its Scale.
  private func store(_ value: Int, _ image: Int, _ from: Place, _ worker: Int, _ own: (weights: Tensor, bias: Tensor)?)
  {
    guard program.wantsSource || input != nil || scale != nil else { return }
    let blob = memory.values[input?.value ?? value], area = from.height * from.width
    let piece = unsafe pieces[worker].base
    for c in 0..<from.channels {
      let at = (image * from.channels + c) * area
      let dy = unsafe gradient(from.first + c, worker)
      var a: Float = 1
      if let input {
        unsafe input.noteSums(dy, blob.data.base + at, image, c)
      } else if let scale, let own {
        a = scale.gamma.data.read { $0[c] }
        for row in 0..<from.height {
          unsafe kernels.pointee.scale(dy + row * grid.stride, 1, 0, piece + row * from.width, Int32(from.width))
        }
        unsafe own.weights.base[c] += kernels.pointee.dot(piece, blob.data.base + at, Int32(area))
        unsafe own.bias.base[c] += kernels.pointee.sum(piece, Int32(area))
      }
      guard program.wantsSource || input != nil else { continue }
      for row in 0..<from.height {
        unsafe kernels.pointee.scale(
          dy + row * grid.stride, a, 0, blob.gradient.base + (at + row * from.width), Int32(from.width))
      }
    }
  }
}
