/// Guesses why weights have another shape than a net expects.
enum ShapeHint {
  /// A sentence, or nil if there is no good guess.
  static func text(_ source: Shape, _ target: Shape, type: String, isHDF5: Bool) -> String? {
    if source.count == target.count {
      if isHDF5, source.rank == 4, target.legacy == source.axes {
        return "the file has the four axes of an old model; convert that model anew, with the net's prototxt (--model)"
      }
      return "both have \(source.count) numbers, only the axes differ"
    }
    let isSpatial = ["Convolution", "Deconvolution"].contains(type)
    guard source.rank == target.rank, !source.axes.isEmpty,
      ["Convolution", "Deconvolution", "InnerProduct"].contains(type)
    else { return nil }
    let differing = source.axes.indices.filter { source[$0] != target[$0] }
    if differing == [0] { return outputs(source[0], target[0]) }
    if differing == [1], type == "InnerProduct" {
      return "the layers before it give \(source[1]) numbers an image in the file and \(target[1]) in the net: "
        + "another input size or another layer before it"
    }
    if differing == [1], isSpatial {
      return
        "filters see \(source[1]) channels in the file and \(target[1]) in the net: colour or gray "
        + "images, or another group"
    }
    if isSpatial, !differing.contains(0), !differing.contains(1) {
      return "the filters have another kernel_size: \(size(source)) in the file, \(size(target)) in the net"
    }
    return nil
  }

  /// Box regression has four numbers for each class.
  private static func outputs(_ source: Int, _ target: Int) -> String {
    let text = "num_output is \(source) in the file and \(target) in the net"
    if source.isMultiple(of: 4), target.isMultiple(of: 4), source / 4 > 1 {
      return "\(text): \(source) = 4 x \(source / 4), trained for boxes of \(source / 4) classes? "
        + "\(target) = 4 x \(target / 4)"
    }
    return "\(text): trained for \(source) classes?"
  }

  private static func size(_ shape: Shape) -> String {
    shape.axes.dropFirst(2).map(String.init).joined(separator: "x")
  }
}
