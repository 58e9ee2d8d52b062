import CKernels

/// What is done to the numbers of a channel: `y = (x - mean) · factor + bias`, perhaps plus an addend, and times `slope` where that
/// is not positive; slope 1 leaves it as it is.
struct ChannelMap {
  var mean: Float, factor: Float, bias: Float, slope: Float

  fileprivate var sizes: Affine { Affine(mean: mean, factor: factor, bias: bias, slope: slope) }
}

extension Tensor {
  /// The planes of a channel in all images, and where the first begins.
  private func planes(_ channel: Int) -> (sizes: Channel, start: Int) {
    precondition(shape.rank >= 2 && channel >= 0 && channel < shape[1])
    let area = shape.count(from: 2)
    let sizes = Channel(images: Int32(clamping: shape[0]), step: shape[1] * area, area: Int32(clamping: area))
    return (sizes, channel * area)
  }

  /// The mean of a channel over all images, and the sum of the squared differences from it.
  func moments(channel: Int) -> (mean: Double, squares: Double) {
    var (sizes, start) = planes(channel), mean = 0.0, squares = 0.0
    unsafe Self.kernels.pointee.channel_moments(&sizes, base + start, &mean, &squares)
    return (mean, squares)
  }

  /// A channel of all images becomes what `map` makes of that of `x`, which may be `self`.
  ///
  /// - Parameters:
  ///   - addend: what is added before the slope; `nil` for nothing.
  ///   - kept: gets the channel of `x` as it was; only without an addend.
  func assign(channel: Int, _ x: Tensor, _ map: ChannelMap, addend: Tensor?, kept: Tensor?) {
    precondition(x.shape == shape && addend?.shape ?? shape == shape && kept?.shape ?? shape == shape)
    precondition(addend == nil || kept == nil)
    var (sizes, start) = planes(channel), affine = map.sizes
    unsafe Self.kernels.pointee.affine(
      &sizes, &affine, x.base + start, addend.map { unsafe $0.base + start }, kept.map { unsafe $0.base + start },
      base + start)
  }

  /// The gradient of what `map` made of `x`, held in `self`, becomes that of what was there before the slope.
  ///
  /// - Parameters:
  ///   - y: the result, if there was an addend.
  ///   - more: another part of the gradient, which is added first.
  ///   - copy: gets the same.
  /// - Returns: the sum of the new gradient, and of its products with `x - mean`.
  func passSlope(channel: Int, _ x: Tensor, _ map: ChannelMap, y: Tensor?, more: Tensor?, copy: Tensor?) -> (
    sum: Double, products: Double
  ) {
    precondition(x.shape == shape && y?.shape ?? shape == shape)
    precondition(more?.shape ?? shape == shape && copy?.shape ?? shape == shape)
    var (sizes, start) = planes(channel), affine = map.sizes, sum = 0.0, products = 0.0
    unsafe Self.kernels.pointee.affine_sums(
      &sizes, &affine, x.base + start, y.map { unsafe $0.base + start }, base + start,
      more.map { unsafe UnsafePointer($0.base + start) }, copy.map { unsafe $0.base + start }, &sum, &products)
    return (sum, products)
  }

  /// `self = a · dy + b · (x - mean) + c` in a channel of all images. `dy` may be `self`.
  func combine(channel: Int, _ dy: Tensor, _ x: Tensor, mean: Float, _ a: Float, _ b: Float, _ c: Float) {
    precondition(x.shape == shape && dy.shape == shape)
    var (sizes, start) = planes(channel)
    unsafe Self.kernels.pointee.affine_back(
      &sizes, mean, a, b, c, dy.base + start, x.base + start, base + start)
  }
}
