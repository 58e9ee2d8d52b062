import CKernels
import Testing

/// The convolution kernels of every instruction set against plain sums in double precision.
@Suite struct ConvolutionKernelTests {
  static let shapes: [ConvolutionShape] = [
    shape(5, 17, kernel: (3, 3), pad: (1, 1), size: (13, 7)),
    shape(16, 64, kernel: (3, 3), pad: (1, 1), size: (14, 14)),
    shape(700, 70, kernel: (3, 3), pad: (1, 1), size: (5, 6)),
    shape(20, 50, kernel: (5, 5), size: (12, 12)),
    shape(32, 64, kernel: (5, 5), pad: (2, 2), size: (8, 8)),
    shape(12, 36, group: 2, kernel: (5, 3), pad: (3, 0), dilation: (1, 2), size: (17, 30)),
    shape(16, 32, kernel: (3, 3), pad: (1, 1), size: (33, 50)),
    shape(64, 50, kernel: (1, 1), size: (7, 7)),
    shape(70, 64, kernel: (3, 3), pad: (1, 1), size: (14, 11)),
    shape(300, 130, kernel: (1, 1), size: (7, 7)),
    shape(130, 140, kernel: (1, 1), stride: (2, 2), size: (9, 9)),
    shape(8, 24, kernel: (1, 1), stride: (2, 2), size: (14, 13)),
    shape(3, 20, kernel: (11, 11), stride: (4, 4), size: (35, 35)),
    shape(3, 6, kernel: (5, 3), stride: (2, 3), pad: (4, 2), size: (16, 33)),
    shape(4, 16, kernel: (5, 5), pad: (4, 5), size: (3, 1)),
    shape(2, 3, kernel: (3, 3), pad: (3, 4), dilation: (2, 3), size: (13, 20)),
    shape(3, 5, kernel: (1, 2), stride: (3, 4), size: (7, 16)),
    shape(6, 48, group: 2, kernel: (3, 3), pad: (1, 1), size: (28, 28)),
    shape(9, 9, group: 9, kernel: (3, 3), stride: (2, 2), pad: (1, 1), size: (14, 14)),
    shape(70, 140, group: 70, kernel: (3, 3), pad: (1, 1), size: (7, 20)),
    shape(2, 2, group: 2, kernel: (3, 3), pad: (1, 1), size: (35, 70)),
    shape(2, 2, group: 2, kernel: (3, 3), stride: (2, 2), pad: (0, 2), size: (20, 90)),
    shape(3, 20, kernel: (7, 7), stride: (2, 2), pad: (3, 3), size: (12, 70)),
    shape(1, 20, kernel: (5, 5), size: (20, 28)),
    shape(24, 40, kernel: (1, 1), size: (9, 28)),
  ]
  static let sets = ["avx512", "avx2", "baseline"].filter { unsafe kernelSet($0) != nil }

  static func shape(
    _ channels: Int32, _ outputs: Int32, group: Int32 = 1, kernel: (Int32, Int32), stride: (Int32, Int32) = (1, 1),
    pad: (Int32, Int32) = (0, 0), dilation: (Int32, Int32) = (1, 1), size: (Int32, Int32)
  ) -> ConvolutionShape {
    ConvolutionShape(
      channels: channels, outputs: outputs, group: group, kernel_h: kernel.0, kernel_w: kernel.1, stride_h: stride.0,
      stride_w: stride.1, pad_h: pad.0, pad_w: pad.1, dilation_h: dilation.0, dilation_w: dilation.1, height: size.0,
      width: size.1, out_height: (size.0 + 2 * pad.0 - (kernel.0 - 1) * dilation.0 - 1) / stride.0 + 1,
      out_width: (size.1 + 2 * pad.1 - (kernel.1 - 1) * dilation.1 - 1) / stride.1 + 1)
  }

  static func kernelSet(_ name: String) -> UnsafePointer<Kernels>? { unsafe kernels_named(name) }

  @Test(arguments: sets, [false, true])
  func agreesWithDoubles(set: String, winograd: Bool) throws {
    for shape in Self.shapes {
      let expected = ConvolutionSums(shape)
      let whole = try run(shape, set, winograd, parts: 1)
      #expect(expected.error(whole) < 2e-5, "\(set) \(shape)")
      for parts in [2, 3, 16] {
        #expect(try run(shape, set, winograd, parts: Int32(parts)) == whole, "\(parts) \(shape)")
      }
    }
  }

  /// Weights' gradients of several images at once are those of one image after the other.
  @Test(arguments: sets, [false, true])
  func sumsImages(set: String, winograd: Bool) throws {
    for shape in Self.shapes {
      let data = ConvolutionData(shape)
      let factors: [Float] = [1, 2, -0.5, 1, 3]
      let x = factors.flatMap { factor in data.x.map { factor * $0 } }
      let dy = factors.flatMap { _ in data.dy }
      let expected = ConvolutionSums(shape, times: factors.reduce(0) { $0 + abs($1) })
      let scale = 7.5 / factors.reduce(0, +)
      let dw = try weights(shape, set, winograd, x, dy, images: 5).map { Float(scale) * $0 }
      #expect(expected.error(ofWeights: dw) < 2e-5, "\(set) \(shape)")
    }
  }

  func weights(
    _ shape: ConvolutionShape, _ set: String, _ winograd: Bool, _ x: [Float], _ dy: [Float], images: Int32
  ) throws -> [Float] {
    let kernels = try unsafe #require(Self.kernelSet(set))
    var shape = shape
    let plan = try unsafe #require(convolution_plan(kernels, &shape, winograd ? 1 : 0))
    defer { unsafe convolution_free(plan) }
    var scratch = unsafe [Float](repeating: .nan, count: convolution_scratch(plan, 2))
    var g = unsafe [Float](repeating: 0, count: convolution_gradient(plan))
    var dw = [Float](repeating: 0, count: ConvolutionData(shape).w.count)
    unsafe convolution_backward_weights(plan, x, dy, images, &g, &scratch, 0, 1)
    unsafe convolution_unpack_add(plan, g, &dw)
    return dw
  }

  @Test(arguments: sets, [false, true])
  func batchAgreesWithDoubles(set: String, winograd: Bool) throws {
    var divided = 0
    for shape in Self.shapes {
      guard let found = try batch(shape, set, winograd, images: 3) else { continue }
      divided += 1
      #expect(ConvolutionSums(shape).error(ofWeights: found) < 2e-5, "\(set) \(shape)")
    }
    #expect(divided > 1)
  }

  /// The mean of dw over copies of one image, computed as a batch, parts in reverse order; `nil` if the shape is not divided.
  func batch(_ shape: ConvolutionShape, _ set: String, _ winograd: Bool, images: Int) throws -> [Float]? {
    let data = ConvolutionData(shape), kernels = try unsafe #require(Self.kernelSet(set))
    var shape = shape
    let plan = try unsafe #require(convolution_plan(kernels, &shape, winograd ? 1 : 0))
    defer { unsafe convolution_free(plan) }
    let parts = unsafe convolution_batch_parts(plan)
    guard parts > 0 else { return nil }
    let (x, dy) = ((0..<images).flatMap { _ in data.x }, (0..<images).flatMap { _ in data.dy })
    var dw = [Float](repeating: 0, count: data.w.count)
    for part in (0..<parts).reversed() {
      var memory = unsafe [Float](repeating: .nan, count: convolution_batch_scratch(plan, Int32(images)))
      unsafe convolution_batch_weights(plan, Int32(images), x, dy, &dw, &memory, part)
    }
    return dw.map { $0 / Float(images) }
  }

  /// y (with bias, addend and a leaky ReLU), dx and dw, one after another.
  func run(_ shape: ConvolutionShape, _ set: String, _ winograd: Bool, parts: Int32) throws -> [Float] {
    let data = ConvolutionData(shape)
    let kernels = try unsafe #require(Self.kernelSet(set))
    var shape = shape
    let plan = try unsafe #require(convolution_plan(kernels, &shape, winograd ? 1 : 0))
    defer { unsafe convolution_free(plan) }
    func scratch(_ pass: Int32) -> [Float] { unsafe Array(repeating: .nan, count: convolution_scratch(plan, pass)) }
    func packed(_ pass: Int32) -> [Float] {
      var packed = unsafe [Float](repeating: .nan, count: convolution_packed(plan, pass))
      unsafe convolution_pack(plan, pass, data.w, nil, &packed)
      return packed
    }
    let forward = packed(0)
    let backward = packed(1)
    var y = [Float](repeating: .nan, count: data.dy.count)
    var dx = [Float](repeating: .nan, count: data.x.count)
    var g = unsafe [Float](repeating: 0, count: convolution_gradient(plan))
    var dw = [Float](repeating: 0, count: data.w.count)
    for part in 0..<parts {
      var memory = (0..<3).map { scratch($0) }
      unsafe convolution_forward(plan, forward, data.bias, data.x, data.dy, 0.25, &y, &memory[0], part, parts)
      unsafe convolution_backward_data(plan, backward, data.dy, &dx, &memory[1], part, parts)
      unsafe convolution_backward_weights(plan, data.x, data.dy, 1, &g, &memory[2], part, parts)
    }
    unsafe convolution_unpack_add(plan, g, &dw)
    return y + dx + dw
  }
}

/// Arrays of a shape's sizes with small, varied numbers.
struct ConvolutionData {
  let x: [Float], dy: [Float], w: [Float], bias: [Float]

  init(_ s: ConvolutionShape) {
    func numbers(_ count: Int32, _ factor: Int) -> [Float] {
      (0..<Int(count)).map { Float(($0 * factor + 11) % 97 - 48) / 48 }
    }
    x = numbers(s.channels * s.height * s.width, 37)
    dy = numbers(s.outputs * s.out_height * s.out_width, 53)
    w = numbers(s.outputs * (s.channels / s.group) * s.kernel_h * s.kernel_w, 29)
    bias = numbers(s.outputs, 71)
  }
}

/// The same results as sums in double precision, with the sums of the terms' magnitudes to measure errors by.
struct ConvolutionSums {
  private var sums: [Double]
  private var sizes: [Double]
  private let weights: Int

  /// - Parameter factor: what the weights' gradients are multiplied by.
  init(_ s: ConvolutionShape, times factor: Float = 1) {
    let data = ConvolutionData(s)
    let plane = Int(s.out_height * s.out_width)
    let dx = data.dy.count
    let dw = dx + data.x.count
    sums =
      data.dy.indices.map { Double(data.dy[$0] + data.bias[$0 / plane]) }
      + Array(repeating: 0, count: data.x.count + data.w.count)
    sizes = sums.map { abs($0) + 1e-3 }
    weights = dw
    let channels = Int(s.channels / s.group)
    for o in 0..<Int(s.outputs) {
      for c in 0..<channels {
        let channel = o / Int(s.outputs / s.group) * channels + c
        for k in 0..<Int(s.kernel_h * s.kernel_w) {
          let wi = (o * channels + c) * Int(s.kernel_h * s.kernel_w) + k
          for p in 0..<plane {
            let iy = p / Int(s.out_width) * Int(s.stride_h) + k / Int(s.kernel_w) * Int(s.dilation_h) - Int(s.pad_h)
            let ix = p % Int(s.out_width) * Int(s.stride_w) + k % Int(s.kernel_w) * Int(s.dilation_w) - Int(s.pad_w)
            guard iy >= 0, ix >= 0, iy < Int(s.height), ix < Int(s.width) else { continue }
            let xi = (channel * Int(s.height) + iy) * Int(s.width) + ix
            let yi = o * plane + p
            add(yi, data.w[wi], data.x[xi])
            add(dx + xi, data.w[wi], data.dy[yi])
            add(dw + wi, data.x[xi], data.dy[yi])
          }
        }
      }
    }
    for i in data.dy.indices where sums[i] < 0 { sums[i] *= 0.25 }
    for i in dw..<sums.count {
      sums[i] *= Double(factor)
      sizes[i] *= Double(factor)
    }
  }

  private mutating func add(_ i: Int, _ a: Float, _ b: Float) {
    sums[i] += Double(a) * Double(b)
    sizes[i] += abs(Double(a) * Double(b))
  }

  /// The largest error of the weights' gradients.
  func error(ofWeights values: [Float]) -> Double { error(values, from: weights) }

  /// The largest error, infinite for a value that is no number.
  func error(_ values: [Float], from first: Int = 0) -> Double {
    zip(values, zip(sums[first...], sizes[first...])).map { value, expected in
      value.isFinite ? abs(Double(value) - expected.0) / expected.1 : .infinity
    }.max() ?? .infinity
  }
}
