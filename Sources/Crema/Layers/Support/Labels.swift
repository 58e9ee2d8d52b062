import Prototxt

/// A blob seen as `outer x classes x inner`: the classes of one position lie `inner` apart.
struct ClassLayout {
  let outer: Int, classes: Int, inner: Int

  init(_ shape: Shape, axis: Int) {
    (outer, classes, inner) = (shape.count(0..<axis), shape[axis], shape.count(from: axis + 1))
  }

  /// The number of positions.
  var positions: Int { outer * inner }

  /// Runs of some of the positions whose classes lie `inner` apart: the first number of each, its first position and its length.
  @inline(__always)
  func runs(_ range: Range<Int>, _ body: (_ start: Int, _ position: Int, _ count: Int) -> Void) {
    var position = range.lowerBound
    while position < range.upperBound {
      let (row, column) = (position / inner, position % inner), count = min(inner - column, range.upperBound - position)
      body(row * classes * inner + column, position, count)
      position += count
    }
  }

  /// Probabilities of some positions, or all: exponentials, divided by their sum. `x` may be `y`.
  func softmax(_ x: Tensor, into y: Tensor, _ range: Range<Int>? = nil) {
    runs(range ?? 0..<positions) { start, _, count in
      y.softmax(x, at: start, classes: classes, stride: inner, positions: count)
    }
  }
}

/// Labels, one for each position of predictions.
struct Labels: Sendable {
  /// Positions with this label do not count.
  let ignored: Int?

  init(_ parameters: Message) {
    ignored = parameters.has("ignore_label") ? parameters.int("ignore_label") : nil
  }

  /// Labels all of which count.
  init() { ignored = nil }

  /// Throws unless there is a label for each position.
  func check(_ bottoms: [Shape], axis: Int) throws(ShapeError) {
    let layout = ClassLayout(bottoms[0], axis: axis), wanted = layout.outer * layout.inner
    guard layout.classes > 0 else {
      throw ShapeError("the predictions (\(bottoms[0])) have no classes on axis \(axis)")
    }
    guard bottoms[1].count == wanted else {
      throw ShapeError(
        "there are \(bottoms[1].count) labels (\(bottoms[1])) for \(wanted) predictions (\(bottoms[0]), "
          + "classes on axis \(axis)); give one label for each prediction")
    }
  }

  /// Throws unless there is one label for each image, whose other values are its classes.
  static func checkImages(_ bottoms: [Shape]) throws(ShapeError) {
    try checkFirstAxes(bottoms)
    guard bottoms[0].count(from: 1) > 0 else {
      throw ShapeError("the predictions (\(bottoms[0])) have no classes")
    }
    guard bottoms[1].count(from: 1) == 1 else {
      throw ShapeError(
        "there must be one label for each image: the predictions have \(bottoms[0]), the labels \(bottoms[1])")
    }
  }

  /// The classes of the labels of all images; `nil` after a failure is reported.
  static func classes(_ pass: Pass) -> [Int]? {
    let all = Labels(), classes = pass.bottoms[0].shape.count(from: 1)
    var result: [Int] = []
    let values = pass.bottoms[1].data
    result.reserveCapacity(values.count)
    return values.read { values in
      for i in values.indices {
        guard case .label(let label) = all.read(values[i], at: i, classes: classes, pass) else { return nil }
        result.append(label)
      }
      return result
    }
  }

  /// The class that a label means, `nil` if it is ignored, or a failure that says where it is.
  func read(_ value: Float, at position: Int, classes: Int, _ pass: Pass) -> Result {
    guard abs(value) < 2_147_483_648 else {
      pass.fail("label \(value) at position \(position) is no class number; the classes are \(0)..<\(classes)")
      return .failed
    }
    let label = Int(value)
    if label == ignored { return .ignored }
    guard label >= 0, label < classes else {
      pass.fail(
        "label \(label) at position \(position) is outside 0..<\(classes): the predictions have \(classes) classes; "
          + "check the labels, or num_output of the layer that makes the predictions")
      return .failed
    }
    return .label(label)
  }

  enum Result { case label(Int), ignored, failed }
}

/// What a loss is divided by.
struct Normalization: Sendable {
  enum Mode: String, Sendable {
    case full = "FULL", valid = "VALID", batchSize = "BATCH_SIZE", none = "NONE"
    /// R-FCN's: by `pre_fixed_normalizer`.
    case preFixed = "PRE_FIXED"
  }

  private let mode: Mode, fixed: Float

  /// The mode that a LossParameter asks for, with the older `normalize` where `normalization` is not given.
  init(_ parameters: Message, default otherwise: Mode) {
    fixed = parameters.float("pre_fixed_normalizer")
    if parameters.has("normalization") {
      mode = Mode(rawValue: parameters.enumeration("normalization")) ?? otherwise
    } else if parameters.has("normalize") {
      mode = parameters.bool("normalize") ? .valid : .batchSize
    } else {
      mode = otherwise
    }
  }

  /// At least 1.
  func divisor(outer: Int, inner: Int, valid: Int) -> Float {
    switch mode {
    case .full: max(1, Float(outer * inner))
    case .valid: max(1, Float(valid))
    case .batchSize: max(1, Float(outer))
    case .none: 1
    case .preFixed: max(1, fixed)
    }
  }
}
