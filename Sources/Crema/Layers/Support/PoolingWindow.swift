import Prototxt

/// A window over height and width, as a PoolingParameter describes it.
struct PoolingWindow: Sendable {
  /// Whether the window is the whole plane.
  let isGlobal: Bool
  /// Whether a last, incomplete window counts.
  let roundsUp: Bool
  private let kernel: (height: Int, width: Int)
  private let stride: (height: Int, width: Int)
  private let pad: (height: Int, width: Int)
  private let place: SourceLocation?

  /// A 3x3 window with stride 2 and no pad that rounds up.
  var isThreeByTwo: Bool { !isGlobal && roundsUp && kernel == (3, 3) && stride == (2, 2) && pad == (0, 0) }

  init(_ parameters: Message) throws(Diagnostic) {
    isGlobal = parameters.bool("global_pooling")
    roundsUp = parameters.enumeration("round_mode") == "CEIL"
    stride = try PoolingWindow.pair(parameters, "stride", least: 1)
    pad = try PoolingWindow.pair(parameters, "pad", least: 0)
    place = parameters.location(of: parameters.has("kernel_h") ? "kernel_h" : "kernel_size")
    if isGlobal {
      for field in ["kernel_size", "kernel_h", "kernel_w"] where parameters.has(field) {
        throw parameters.error(
          field, "global_pooling takes the whole plane, and \(field) is given too; remove one of the two")
      }
      guard stride == (1, 1), pad == (0, 0) else {
        throw parameters.error("global_pooling", "global_pooling needs stride 1 and pad 0; remove stride and pad")
      }
      kernel = (0, 0)
      return
    }
    guard ["kernel_size", "kernel_h", "kernel_w"].contains(where: parameters.has) else {
      throw parameters.error(
        "kernel_size", "kernel_size is missing; give it, or kernel_h and kernel_w, or global_pooling: true")
    }
    kernel = try PoolingWindow.pair(parameters, "kernel", single: "kernel_size", least: 1)
    for (pad, kernel, side) in [(pad.height, kernel.height, "h"), (pad.width, kernel.width, "w")] where pad >= kernel {
      throw parameters.error(
        parameters.has("pad_\(side)") ? "pad_\(side)" : "pad",
        "pad \(pad) must be smaller than the kernel, which is \(kernel): some windows would hold nothing but padding")
    }
  }

  /// A window that is as large as its stride, and rounds up.
  init(kernel: (height: Int, width: Int), pad: (height: Int, width: Int)) {
    (isGlobal, roundsUp, place) = (false, true, nil)
    (self.kernel, stride, self.pad) = (kernel, kernel, pad)
  }

  private static func pair(
    _ parameters: Message, _ stem: String, single: String? = nil, least: Int
  ) throws(Diagnostic) -> (Int, Int) {
    let single = single ?? stem, high = stem + "_h", wide = stem + "_w"
    let isPair = parameters.has(high) || parameters.has(wide)
    if isPair, parameters.has(single) {
      throw parameters.error(single, "\(single) and \(high), \(wide) are both given; keep one of the two forms")
    }
    if parameters.has(high) != parameters.has(wide) {
      let (given, missing) = parameters.has(high) ? (high, wide) : (wide, high)
      throw parameters.error(given, "\(missing) is missing: \(high) and \(wide) are only used together")
    }
    for field in isPair ? [high, wide] : [single] {
      let value = parameters.int(field)
      guard (least...Int(Int32.max)).contains(value) else {
        throw parameters.error(field, "\(field) must be \(least) or more, not \(value)")
      }
    }
    return isPair
      ? (parameters.int(high), parameters.int(wide)) : (parameters.int(single), parameters.int(single))
  }

  /// The two axes for a plane of this size.
  func sides(height: Int, width: Int) -> (rows: Side, columns: Side) {
    let isPadded = pad != (0, 0)
    return (
      Side(
        input: height, kernel: isGlobal ? height : kernel.height, stride: stride.height, pad: pad.height,
        roundsUp: roundsUp, isClipped: isPadded),
      Side(
        input: width, kernel: isGlobal ? width : kernel.width, stride: stride.width, pad: pad.width, roundsUp: roundsUp,
        isClipped: isPadded)
    )
  }

  /// The two axes, checked: the kernel fits and, if `divides`, no window divides by zero.
  func checkedSides(_ shape: Shape, divides: Bool) throws(ShapeError) -> (rows: Side, columns: Side) {
    guard shape.rank == 4 else {
      throw ShapeError("the bottom must have 4 axes (images, channels, height, width), and it has \(shape.axesText)")
    }
    let (rows, columns) = sides(height: shape[2], width: shape[3])
    guard rows.output > 0, columns.output > 0, shape[2] > 0, shape[3] > 0 else {
      throw ShapeError(
        "the kernel of \(rows.kernel)x\(columns.kernel) is larger than the padded input of "
          + "\(rows.input + 2 * rows.pad)x\(columns.input + 2 * columns.pad); make the kernel smaller or pad more",
        at: place)
    }
    for side in [rows, columns] where divides && (side.output - 1) * side.stride == side.input + side.pad {
      throw ShapeError(
        "the last window starts behind the input (\(shape[2])x\(shape[3])), and its average would be 0/0; "
          + "use round_mode: FLOOR or a smaller stride", at: place)
    }
    return (rows, columns)
  }

  /// What the window does along one axis.
  struct Side: Sendable {
    let input: Int, kernel: Int, stride: Int, pad: Int
    /// The number of windows.
    let output: Int

    init(input: Int, kernel: Int, stride: Int, pad: Int, roundsUp: Bool, isClipped: Bool) {
      (self.input, self.kernel, self.stride, self.pad) = (input, kernel, stride, pad)
      let steps = Float(input + 2 * pad - kernel) / Float(stride)
      let output = Int(steps.rounded(roundsUp ? .up : .down)) + 1
      self.output = isClipped && (output - 1) * stride >= input + pad ? output - 1 : output
    }

    /// The input positions under a window; empty if it is behind the input.
    func positions(_ window: Int) -> Range<Int> {
      let start = window * stride - pad, first = max(start, 0)
      return first..<max(first, min(start + kernel, input))
    }

    /// The length of a window that averages divide by: it counts padding, but nothing behind it.
    func length(_ window: Int) -> Int {
      let start = window * stride - pad
      return min(start + kernel, input + pad) - start
    }
  }
}
