import CKernels

/// A convolution's weights as the kernels want them, renewed after every update.
@safe final class PackedConvolution {
  let outputs: Int, channels: Int, taps: Int, backTaps: Int
  let packed: Tensor, back: Tensor
  let bias: Tensor?
  let offsets: Buffer<Int32>, backOffsets: Buffer<Int32>
  let wantsBottom: Bool, learnsWeights: Bool, learnsBias: Bool
  let winograd: (forward: WinogradWay, backward: WinogradWay, weights: Bool)?
  /// Whether the forward pass is transformed too. While training it is not: max pooling would choose otherwise than Caffe
  /// among near-ties, and one such choice moves gradients more than all rounding.
  let transformsForward: Bool
  let kernel: Int, pad: Int
  private let weights: Blob, biasGradient: Tensor?
  private let kernels: UnsafePointer<Kernels>

  init(
    _ node: Graph.Node, _ layer: Convolution, _ blobs: [Blob], winograd: Bool, phase: Phase, _ grid: Grid,
    _ kernels: UnsafePointer<Kernels>
  ) {
    let shape = blobs[0].shape, side = layer.window.sides(2)[0]
    (outputs, channels, kernel, pad) = (shape[0], shape[1], shape[2], side.pad)
    (taps, backTaps) = (channels * kernel * kernel, outputs * kernel * kernel)
    (weights, bias) = (blobs[0], blobs.count > 1 ? blobs[1].data : nil)
    biasGradient = blobs.count > 1 ? blobs[1].gradient : nil
    wantsBottom = node.wanted[0]
    (learnsWeights, learnsBias) = (node.learns[0], blobs.count > 1 && node.learns[1])
    (packed, back) = (Tensor(shape), Tensor(shape))
    (offsets, backOffsets) = (Buffer<Int32>(taps), Buffer<Int32>(backTaps))
    unsafe self.kernels = kernels
    let stride = grid.stride
    if winograd, kernel == 3, outputs * channels >= 288, stride >= 24 {
      let tiles = stride > 100 ? 4 : stride > 48 ? 6 : 8
      self.winograd = (
        unsafe WinogradWay(kernels, outputs, channels, -side.pad, stride, tiles),
        unsafe WinogradWay(kernels, channels, outputs, side.pad - 2, stride, tiles), stride > 48
      )
    } else {
      self.winograd = nil
    }
    transformsForward = self.winograd != nil && phase == .test
    let (k, pad) = (Int32(kernel), Int32(pad))
    unsafe conv_offsets(Int32(channels), k, pad, 1, grid.plane, Int32(grid.stride), offsets.base)
    unsafe conv_offsets(Int32(outputs), k, pad, -1, grid.plane, Int32(grid.stride), backOffsets.base)
  }

  /// The size of a slice's own weight gradient, in the kernels' packing.
  var gradientCount: Int { outputs * taps * (winograd?.weights == true ? 2 : 1) }

  /// The memory that one call needs.
  var scratch: Int {
    guard let winograd else { return 0 }
    return unsafe max(winograd_scratch(winograd.forward.base), winograd_scratch(winograd.backward.base))
  }

  /// The weights that `pack` reads.
  var source: Tensor { weights.data }

  /// Takes over changed weights.
  func pack() {
    if transformsForward, let winograd {
      unsafe winograd_weights(winograd.forward.base, kernels, weights.data.base)
    } else {
      unsafe conv_pack(kernels, Int32(outputs), Int32(taps), weights.data.base, packed.base)
    }
    guard let winograd else {
      return unsafe conv_pack_backward(
        kernels, Int32(outputs), Int32(channels), Int32(kernel), weights.data.base, back.base)
    }
    let area = kernel * kernel
    back.write(reading: weights.data) { w, turned in
      for o in 0..<outputs {
        for i in 0..<taps { turned[(i / area * outputs + o) * area + area - 1 - i % area] = w[o * taps + i] }
      }
    }
    unsafe winograd_weights(winograd.backward.base, kernels, back.base)
  }

  /// The gradients of the net that this convolution adds to: weights, then bias, if they learn.
  var sums: [Tensor] {
    (learnsWeights ? [weights.gradient] : []) + (learnsBias ? [biasGradient].compactMap { $0 } : [])
  }

  /// Adds a weight gradient in the kernels' packing to the net's.
  func add(_ gradient: Tensor) {
    if let winograd, winograd.weights {
      unsafe winograd_unpack_add(winograd.forward.base, kernels, gradient.base, weights.gradient.base)
    } else {
      unsafe conv_unpack_add(kernels, Int32(outputs), Int32(taps), gradient.base, weights.gradient.base)
    }
  }

  /// Adds a bias gradient to the net's.
  func add(bias gradient: Tensor) { biasGradient?.add(gradient) }
}

/// The weights of one direction, transformed.
@safe final class WinogradWay {
  let base: UnsafeMutablePointer<Winograd>

  init(_ kernels: UnsafePointer<Kernels>, _ outputs: Int, _ channels: Int, _ first: Int, _ stride: Int, _ tiles: Int) {
    unsafe base = .allocate(capacity: 1)
    unsafe winograd_init(
      base, kernels, Int32(outputs), Int32(channels), Int32(first), Int32(first), Int32(stride), Int32(tiles))
  }

  deinit {
    unsafe winograd_free(base)
    unsafe base.deallocate()
  }
}
