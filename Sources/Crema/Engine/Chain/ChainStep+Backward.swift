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
      bandsBackward.run { work, rows in run(work, image, rows, worker, own[job]) }
    }
  }

  func finishBackward() { input?.joinSums() }

  func backward(
    _ operation: ChainOperation, _ term: Int, _ image: Int, _ rows: Range<Int>, _ worker: Int, _ own: Own
  ) {
    switch operation {
    case .pool(let from, let value): unpool(value, image, from, rows, worker)
    case .convolve(let c, let from, let to, let add): data(convolutions[c], from, to, rows, add, worker)
    case .combine(let sum):
      let term = term == 0 ? sum.x : sum.y, at = rows.lowerBound * grid.stride
      let size = Int32(rows.count * grid.stride)
      for c in 0..<sum.to.channels {
        let (dy, dx) = unsafe (
          gradient(sum.to.first + c, worker) + at, gradient(term.place.first + c, worker) + at
        )
        if term.add {
          unsafe kernels.pointee.combine(dy, dx, term.factor, 1, 0, dx, size)
        } else {
          unsafe kernels.pointee.scale(dy, term.factor, 0, dx, size)
        }
      }
    case .load(let value, let to): store(value, image, to, worker, own.last)
    }
  }

  private func unpool(_ value: Int, _ image: Int, _ from: Place, _ rows: Range<Int>, _ worker: Int) {
    let top = memory.values[value], width = top.shape[3], area = top.shape[2] * width
    let first = rows.lowerBound / 2, above = min(first, 1)
    let end = rows.upperBound == from.height ? top.shape[2] : rows.upperBound / 2
    for c in 0..<from.channels {
      let at = (image * from.channels + c) * area + first * width
      var dy = unsafe top.gradient.base + at
      if let output {
        let (a, b, shift) = output.backFactors[c], sum = unsafe pieces[worker].base + above * width
        let back = above * width
        unsafe kernels.pointee.combine(
          dy - back, top.data.base + (at - back), a, b, shift, sum - back, Int32((end - first + above) * width))
        unsafe dy = sum
      }
      unsafe kernels.pointee.unpool(
        dy, which.base + at, Int32(width), gradient(from.first + c, worker) + rows.lowerBound * grid.stride,
        Int32(from.width), Int32(rows.count), Int32(grid.stride), Int32(above))
    }
  }

  func addWeights(_ operation: ChainOperation, _ rows: Range<Int>, _ worker: Int, _ own: Own) {
    guard case .convolve(let index, let from, let to, _) = operation else { return }
    let convolution = convolutions[index], own = own[index], at = rows.lowerBound * grid.stride
    let x = unsafe plane(from.first, worker) + at, dy = unsafe gradient(to.first, worker) + at
    let run = Int32(grid.run(to, rows))
    if convolution.learnsWeights {
      if let way = convolution.winograd, way.weights {
        unsafe winograd_convolve_weights(
          way.forward.base, kernels, x, grid.plane, dy, grid.plane, Int32(rows.count), own.weights.base,
          bands[worker].base)
      } else {
        unsafe kernels.pointee.convolve_weights(
          x, convolution.offsets.base, Int32(convolution.taps), dy, grid.plane, Int32(convolution.outputs),
          own.weights.base, run)
      }
    }
    guard convolution.learnsBias else { return }
    for o in 0..<convolution.outputs { unsafe own.bias.base[o] += kernels.pointee.sum(dy + o * grid.plane, run) }
  }

  private func data(
    _ convolution: PackedConvolution, _ from: Place, _ to: Place, _ rows: Range<Int>, _ add: Bool, _ worker: Int
  ) {
    let at = rows.lowerBound * grid.stride
    let dy = unsafe gradient(to.first, worker) + at,
      dx = unsafe gradient(add ? program.planes : from.first, worker) + at
    if let way = convolution.winograd {
      unsafe winograd_convolve(
        way.backward.base, kernels, dy, grid.plane, nil, dx, grid.plane, Int32(rows.count), bands[worker].base)
    } else {
      let run = grid.pad == 0 ? rows.count * grid.stride : grid.run(from, rows)
      unsafe kernels.pointee.convolve(
        dy, convolution.backOffsets.base, Int32(convolution.backTaps), convolution.back.base, nil,
        Int32(convolution.channels), dx, grid.plane, Int32(run))
    }
    unsafe clearGap(dx, from, rows.count)
    guard add else { return }
    for c in 0..<from.channels {
      let sum = unsafe gradient(from.first + c, worker) + at
      unsafe kernels.pointee.combine(dx + c * grid.plane, sum, 1, 1, 0, sum, Int32(grid.run(from, rows)))
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
