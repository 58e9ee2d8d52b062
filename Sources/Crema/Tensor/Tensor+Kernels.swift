import CKernels

/// A window over planes, as the pooling kernels know it.
package struct PlaneWindow {
  fileprivate var sizes: PoolWindow
  /// The numbers of a plane before and after.
  package let input: Int, output: Int

  /// Sizes along rows and columns.
  package init(
    input: (Int, Int), kernel: (Int, Int), stride: (Int, Int), pad: (Int, Int), output: (Int, Int)
  ) {
    let int = { (value: Int) in Int32(clamping: value) }
    sizes = PoolWindow(
      height: int(input.0), width: int(input.1), kernel_h: int(kernel.0), kernel_w: int(kernel.1),
      stride_h: int(stride.0), stride_w: int(stride.1), pad_h: int(pad.0), pad_w: int(pad.1),
      out_height: int(output.0), out_width: int(output.1))
    (self.input, self.output) = (input.0 * input.1, output.0 * output.1)
  }

  /// Whether windows of 2x2 lie side by side and cover the plane.
  fileprivate var isPairs: Bool {
    let pairs = sizes.kernel_h == 2 && sizes.kernel_w == 2 && sizes.stride_h == 2 && sizes.stride_w == 2
    return pairs && sizes.pad_h == 0 && sizes.pad_w == 0 && sizes.height == 2 * sizes.out_height
      && sizes.width == 2 * sizes.out_width
  }

  /// The number of planes in the larger tensor.
  fileprivate func planes(_ large: Tensor, _ small: Tensor) -> Int {
    guard input > 0, output > 0 else { return 0 }
    let planes = large.count / input
    precondition(planes * input == large.count && planes * output == small.count)
    return planes
  }
}

extension Tensor {
  /// The kernels for this processor.
  static var kernels: UnsafePointer<Kernels> {
    guard let set = unsafe CKernels.kernels() else { preconditionFailure("no kernels for this processor") }
    return unsafe set
  }

  /// The largest value under each window of each plane of `x`.
  ///
  /// - Parameter places: becomes the index of each first largest value in its plane, as the bits of an Int32; -1 for none.
  package func poolMaxima(of x: Tensor, _ window: PlaneWindow, places: Tensor?) {
    precondition(places == nil || places?.count == count)
    var sizes = window.sizes
    if let places, window.isPairs {
      let which = unsafe UnsafeMutableRawPointer(places.base).assumingMemoryBound(to: Int32.self)
      let planes = window.planes(x, self)
      if planes > 0 { unsafe Self.kernels.pointee.max_pool_pairs(&sizes, planes, x.base, base, which) }
      return
    }
    let kernel = unsafe Self.kernels.pointee.max_pool
    for plane in 0..<window.planes(x, self) {
      let at = plane * window.output
      var which: UnsafeMutablePointer<Int32>?
      if let places { unsafe which = UnsafeMutableRawPointer(places.base + at).assumingMemoryBound(to: Int32.self) }
      unsafe kernel?(&sizes, x.base + plane * window.input, base + at, which)
    }
  }

  /// The gradient of `poolMaxima`: each of `dy` at the place of its maximum, zero elsewhere.
  package func unpoolMaxima(_ dy: Tensor, _ window: PlaneWindow, places: Tensor) {
    precondition(places.count == dy.count)
    var sizes = window.sizes
    let kernel = unsafe Self.kernels.pointee.max_unpool
    for plane in 0..<window.planes(self, dy) {
      let at = plane * window.output
      let which = unsafe UnsafeRawPointer(places.base + at).assumingMemoryBound(to: Int32.self)
      unsafe kernel?(&sizes, dy.base + at, which, base + plane * window.input)
    }
  }

  /// The average under each window of each plane of `x`.
  package func poolAverages(of x: Tensor, _ window: PlaneWindow) {
    var sizes = window.sizes
    let kernel = unsafe Self.kernels.pointee.average_pool
    for plane in 0..<window.planes(x, self) {
      unsafe kernel?(&sizes, x.base + plane * window.input, base + plane * window.output)
    }
  }

  /// The gradient of `poolAverages`.
  package func unpoolAverages(_ dy: Tensor, _ window: PlaneWindow) {
    var sizes = window.sizes
    let kernel = unsafe Self.kernels.pointee.average_unpool
    for plane in 0..<window.planes(self, dy) {
      unsafe kernel?(&sizes, dy.base + plane * window.output, base + plane * window.input)
    }
  }

  /// `self = x` where `x` is positive, `slope · x` elsewhere. `x` may be `self`.
  package func rectify(_ x: Tensor, slope: Float) {
    precondition(x.count == count)
    unsafe Self.kernels.pointee.relu(x.base, slope, base, count)
  }

  /// `self = dy` where `x` is positive, `slope · dy` elsewhere. `dy` and `x` may be `self`.
  package func rectify(gradient dy: Tensor, _ x: Tensor, slope: Float) {
    precondition(x.count == count && dy.count == count)
    unsafe Self.kernels.pointee.relu_back(dy.base, x.base, slope, base, count)
  }

  /// `self = x · divisor^-power`. `x` and `divisor` may be `self`.
  package func divide(_ x: Tensor, by divisor: Tensor, toThe power: Float) {
    precondition(x.count == count && divisor.count == count)
    unsafe Self.kernels.pointee.divide_by_power(x.base, divisor.base, power, base, count)
  }

  /// `self = (x - mean) / deviation` in a range. `x` may be `self`.
  package func normalise(_ range: Range<Int>, _ x: Tensor, mean: Float, deviation: Float) {
    precondition(range.lowerBound >= 0 && range.upperBound <= min(count, x.count))
    let start = range.lowerBound
    unsafe Self.kernels.pointee.normalise(x.base + start, mean, deviation, base + start, range.count)
  }

  /// `self = (dy - a - b (z - mean) / unit) / deviation` in a range. `dy` and `z` may be `self`.
  package func normalise(
    _ range: Range<Int>, gradient dy: Tensor, _ z: Tensor, mean: Float, unit: Float, a: Float, b: Float,
    deviation: Float
  ) {
    precondition(range.lowerBound >= 0 && range.upperBound <= min(count, dy.count, z.count))
    let start = range.lowerBound
    unsafe Self.kernels.pointee.normalise_back(
      dy.base + start, z.base + start, mean, unit, a, b, deviation, base + start, range.count)
  }

  /// The sum of a range's squared differences from `mean`.
  package func squares(_ range: Range<Int>, less mean: Float) -> Double {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return unsafe Double(Self.kernels.pointee.squares(base + range.lowerBound, mean, Int32(range.count)))
  }

  /// The sum of a range.
  package func sum(_ range: Range<Int>) -> Float {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return unsafe Self.kernels.pointee.sum(base + range.lowerBound, Int32(range.count))
  }

  /// The sum of a range, and of its products with `other - mean`.
  package func sums(_ range: Range<Int>, _ other: Tensor, less mean: Float) -> (sum: Double, products: Double) {
    precondition(range.lowerBound >= 0 && range.upperBound <= min(count, other.count))
    var (sum, products) = (0.0, 0.0)
    let start = range.lowerBound
    unsafe Self.kernels.pointee.sums(
      base + start, other.base + start, mean, Int32(range.count), &sum, &products)
    return (sum, products)
  }

  /// `history = factor · history + rate · self`, rounded after the first product, and `self = history`.
  package func gatherMomentum(_ history: Tensor, factor: Float, rate: Float) {
    precondition(history.count == count)
    unsafe Self.kernels.pointee.momentum(base, history.base, factor, rate, count)
  }

  /// `self[o] = bias[o] + rows[o] · x` for each `o` of a range, where `rows` has as many numbers in a row as `x`.
  package func multiply(_ range: Range<Int>, _ rows: Tensor, _ x: Tensor, bias: Tensor?) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count && rows.count >= range.upperBound * x.count)
    precondition(bias == nil || (bias?.count ?? 0) >= range.upperBound)
    let start = range.lowerBound
    unsafe Self.kernels.pointee.gemv(
      rows.base + start * x.count, x.count, x.base, bias.map { unsafe $0.base + start }, Int32(range.count),
      base + start)
  }
}
