import CKernels

/// The way in which the kernels compute one convolution of planes, and its weights as they want them.
@safe final class ConvolutionPlanes {
  /// The passes of a convolution.
  enum Way: Int32 { case forward, data, weights }

  private let plan: OpaquePointer
  private let packed: [Tensor]  // forward, data

  /// - Parameters:
  ///   - ways: the passes that will be asked for.
  ///   - usesWinograd: whether kernels may transform, which changes results by rounding.
  init?(_ shape: PlaneConvolution, ways: Set<Way>, usesWinograd: Bool) {
    guard let set = unsafe CKernels.kernels() else { return nil }
    let int = { (value: Int) in Int32(clamping: value) }
    var sizes = ConvolutionShape(
      channels: int(shape.input[0]), outputs: int(shape.output[0]), group: int(shape.layer.group),
      kernel_h: int(shape.rows.kernel), kernel_w: int(shape.columns.kernel), stride_h: int(shape.rows.stride),
      stride_w: int(shape.columns.stride), pad_h: int(shape.rows.pad), pad_w: int(shape.columns.pad),
      dilation_h: int(shape.rows.dilation), dilation_w: int(shape.columns.dilation), height: int(shape.input[1]),
      width: int(shape.input[2]), out_height: int(shape.output[1]), out_width: int(shape.output[2]))
    guard let plan = unsafe convolution_plan(set, &sizes, usesWinograd ? 1 : 0) else { return nil }
    unsafe self.plan = plan
    packed = [Way.forward, .data].map { way in
      Tensor([ways.contains(way) ? unsafe Int(convolution_packed(plan, way.rawValue)) : 0])
    }
  }

  deinit { unsafe convolution_free(plan) }

  /// The numbers that one call needs.
  func scratch(_ way: Way) -> Int { unsafe Int(convolution_scratch(plan, way.rawValue)) }

  /// The numbers of a weight gradient in the kernels' packing.
  var gradientCount: Int { unsafe Int(convolution_gradient(plan)) }

  /// Takes over weights, each output's times a factor if there are factors.
  func pack(_ weights: Tensor, _ way: Way, factors: Tensor? = nil) {
    unsafe convolution_pack(plan, way.rawValue, weights.base, factors?.base, packed[Int(way.rawValue)].base)
  }

  /// One image, or one part of it: `y = activation(convolution of x + bias + addend)`.
  func forward(
    _ x: Tensor, bias: Tensor?, addend: Tensor?, slope: Float, into y: Tensor, image: Int, scratch: Tensor,
    part: Int = 0, parts: Int = 1
  ) {
    let (from, to) = (image * x.shape.count(from: 1), image * y.shape.count(from: 1))
    unsafe convolution_forward(
      plan, packed[0].base, bias?.base, x.base + from, addend.map { unsafe $0.base + to }, slope, y.base + to,
      scratch.base, Int32(part), Int32(parts))
  }

  /// The gradient of the bottom for one image, or one part of it.
  func data(_ dy: Tensor, into dx: Tensor, image: Int, scratch: Tensor, part: Int = 0, parts: Int = 1) {
    unsafe convolution_backward_data(
      plan, packed[1].base, dy.base + image * dy.shape.count(from: 1), dx.base + image * dx.shape.count(from: 1),
      scratch.base, Int32(part), Int32(parts))
  }

  /// Adds the weights' gradient of all images, in the kernels' packing.
  func addWeights(_ x: Tensor, _ dy: Tensor, to gradient: Tensor, scratch: Tensor) {
    unsafe convolution_backward_weights(
      plan, x.base, dy.base, Int32(x.shape[0]), gradient.base, scratch.base, 0, 1)
  }

  /// The parts that the weights' gradient of a whole batch is divided into; 0 if it is not.
  var batchParts: Int { unsafe Int(convolution_batch_parts(plan)) }

  /// The numbers that one part needs.
  func batchScratch(images: Int) -> Int { unsafe Int(convolution_batch_scratch(plan, Int32(clamping: images))) }

  /// Adds the gradient of a batch to a part of `weights`, which are in Caffe's order.
  func addBatch(_ x: Tensor, _ dy: Tensor, to weights: Tensor, scratch: Tensor, part: Int) {
    unsafe convolution_batch_weights(
      plan, Int32(clamping: x.shape[0]), x.base, dy.base, weights.base, scratch.base, Int32(part))
  }

  /// Adds a weights' gradient in the kernels' packing to one in Caffe's order.
  func unpack(_ gradient: Tensor, addingTo weights: Tensor) {
    unsafe convolution_unpack_add(plan, gradient.base, weights.base)
  }
}
