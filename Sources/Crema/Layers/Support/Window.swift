import Prototxt

/// A window that slides over any number of axes, as a ConvolutionParameter describes it.
struct Window: Sendable {
  /// What the window does along one axis.
  struct Side: Sendable {
    let kernel: Int, stride: Int, pad: Int, dilation: Int

    /// The number of input positions from the first tap to the last.
    var extent: Int { dilation * (kernel - 1) + 1 }
    /// The number of positions of the window; truncates towards zero, as Caffe does.
    func output(_ input: Int) -> Int { (input + 2 * pad - extent) / stride + 1 }
    /// The number of input positions that as many positions of the window reach.
    func input(_ output: Int) -> Int { stride * (output - 1) + extent - 2 * pad }
    /// Whether every position reads just the value at its own place.
    var isIdentity: Bool { kernel == 1 && stride == 1 && pad == 0 }
  }

  private let kernel: [Int], stride: [Int], pad: [Int], dilation: [Int]
  private let isPair: Bool
  private let parameters: Message

  /// Reads `kernel_size`, `stride`, `pad`, `dilation` and their forms for height and width.
  init(_ parameters: Message) throws(Diagnostic) {
    self.parameters = parameters
    isPair = parameters.has("kernel_h") || parameters.has("kernel_w")
    kernel = try Window.values(parameters, "kernel_size", "kernel_h", "kernel_w", least: 1)
    stride = try Window.values(parameters, "stride", "stride_h", "stride_w", least: 1)
    pad = try Window.values(parameters, "pad", "pad_h", "pad_w", least: 0)
    for (index, value) in parameters.ints("dilation").enumerated() where !(1...Window.largest).contains(value) {
      throw parameters.error("dilation", index: index, "dilation must be 1 or more, not \(value)")
    }
    dilation = parameters.ints("dilation")
  }

  private static let largest = Int(Int32.max)

  private static func values(
    _ parameters: Message, _ field: String, _ high: String, _ wide: String, least: Int
  ) throws(Diagnostic) -> [Int] {
    var values = parameters.ints(field), places = values.indices.map { (field: field, index: $0) }
    if parameters.has(high) || parameters.has(wide) {
      guard values.isEmpty else {
        throw parameters.error(field, "\(field) and \(high), \(wide) are both given; keep one of the two forms")
      }
      let missing = parameters.has(high) ? wide : high
      guard least == 0 || (parameters.has(high) && parameters.has(wide)) else {
        throw parameters.error(
          missing == wide ? high : wide, "\(missing) is missing: \(high) and \(wide) are only used together")
      }
      values = [parameters.int(high), parameters.int(wide)]
      places = [(high, 0), (wide, 0)]
    }
    for (value, place) in zip(values, places) where !(least...largest).contains(value) {
      throw parameters.error(place.field, index: place.index, "\(place.field) must be \(least) or more, not \(value)")
    }
    return values
  }

  /// Checks that the fields fit the number of axes, and gives the side of each.
  func checkedSides(_ axes: Int) throws(ShapeError) -> [Side] {
    guard axes > 0 || kernel.count <= 1 else { throw miscounted("kernel_size", kernel.count, axes) }
    guard axes == 0 || !kernel.isEmpty else {
      throw ShapeError(
        "kernel_size is missing; give it once, or once for each of the \(axes) spatial axes",
        at: parameters.location(of: "kernel_size"))
    }
    if isPair, axes != 2 {
      throw ShapeError(
        "kernel_h and kernel_w are for 2 spatial axes, and the bottom has \(axes); use kernel_size",
        at: parameters.location(of: parameters.has("kernel_h") ? "kernel_h" : "kernel_w"))
    }
    for (field, values) in [("kernel_size", kernel), ("stride", stride), ("pad", pad), ("dilation", dilation)] {
      guard values.count <= 1 || values.count == axes else { throw miscounted(field, values.count, axes) }
    }
    return sides(axes)
  }

  private func miscounted(_ field: String, _ count: Int, _ axes: Int) -> ShapeError {
    ShapeError(
      "\(field) has \(count) values; give it once, or once for each of the \(axes) spatial axes",
      at: parameters.location(of: field))
  }

  /// The side of each axis, whose number the plan has accepted.
  func sides(_ axes: Int) -> [Side] {
    let value = { (list: [Int], axis: Int, otherwise: Int) in
      list.isEmpty ? otherwise : list.count == 1 ? list[0] : list[axis]
    }
    return (0..<axes).map { axis in
      Side(
        kernel: value(kernel, axis, 1), stride: value(stride, axis, 1), pad: value(pad, axis, 0),
        dilation: value(dilation, axis, 1))
    }
  }

  /// The number of positions along each axis of `input`. Throws if the window does not fit.
  func output(_ input: [Int]) throws(ShapeError) -> [Int] {
    let sides = try checkedSides(input.count)
    let output = zip(sides, input).map { $0.output($1) }
    guard output.allSatisfy({ $0 > 0 }) else {
      let text = { (values: [Int]) in Shape(values).description }
      let padded = zip(sides, input).map { $1 + 2 * $0.pad }
      let dilated = sides.contains { $0.dilation > 1 && $0.kernel > 1 }
      throw ShapeError(
        "the kernel of \(text(sides.map(\.kernel)))\(dilated ? " (\(text(sides.map(\.extent))) with its dilation)" : "") "
          + "is larger than the padded input of \(text(padded)); make the kernel smaller or pad more",
        at: parameters.location(of: isPair ? "kernel_h" : "kernel_size"))
    }
    return output
  }
}
