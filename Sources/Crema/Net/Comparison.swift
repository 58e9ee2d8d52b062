extension Verifier {
  /// How far two numbers may be apart: `|found - expected| <= absolute + relative * |expected|`.
  public struct Tolerance: Sendable, Equatable {
    /// The part that does not depend on the numbers.
    public let absolute: Float
    /// The part that grows with the expected number.
    public let relative: Float

    /// A tolerance of two parts, neither negative.
    public init(absolute: Float, relative: Float) { (self.absolute, self.relative) = (absolute, relative) }

    /// For data: roundings in another order of sums.
    public static let forward = Tolerance(absolute: 1e-5, relative: 1e-4)
    /// For gradients, whose sums are longer.
    public static let backward = Tolerance(absolute: 1e-4, relative: 1e-3)
  }
}

/// A tensor of a net beside the same tensor of a recording.
public struct Comparison: Sendable {
  /// The pass that wrote it.
  public enum Direction: String, Sendable {
    /// Data, and parameters that the forward pass changes.
    case forward
    /// Gradients.
    case backward
  }

  /// The path in the recording, such as `blob/conv1` or `param_diff/conv1/0`.
  public let path: String
  /// The layer that computes it; empty if it is unknown.
  public let layer: String
  /// The pass that wrote it.
  public let direction: Direction
  /// The axes in the net, or in the recording if the net has no such tensor.
  public let shape: Shape
  /// The largest `|found - expected|`; NaN if a number is NaN.
  public let largestAbsolute: Float
  /// The largest `|found - expected| / max(|expected|, absolute tolerance)`; NaN if a number is NaN.
  public let largestRelative: Float
  /// How many numbers are beyond the tolerance.
  public let wrongCount: Int
  /// The first number beyond the tolerance: its index in C order, what the net has, what was recorded.
  public let firstWrong: (index: Int, found: Float, expected: Float)?
  /// Why there is nothing to compare: the tensor is missing on one side, or has another shape.
  public let problem: String?

  /// Whether the net agrees with the recording.
  public var agrees: Bool { problem == nil && wrongCount == 0 }

  /// Compares two tensors of one shape. NaN is always wrong.
  init(
    _ path: String, layer: String, _ direction: Direction, found: Tensor, expected: Tensor,
    within tolerance: Verifier.Tolerance
  ) {
    (self.path, self.layer, self.direction, shape) = (path, layer, direction, found.shape)
    guard found.shape == expected.shape else {
      (largestAbsolute, largestRelative, wrongCount, firstWrong) = (.nan, .nan, 0, nil)
      problem = "the net's is \(found.shape), the recorded one \(expected.shape)"
      return
    }
    problem = nil
    var absolute: Float = 0, relative: Float = 0, wrong = 0
    var first: (index: Int, found: Float, expected: Float)?
    found.read { found in
      expected.read { expected in
        for i in 0..<found.count {
          let distance = found[i] == expected[i] ? 0 : abs(found[i] - expected[i])
          let size = abs(expected[i])
          absolute = absolute.isNaN || distance.isNaN ? .nan : max(absolute, distance)
          let ratio = distance == 0 ? 0 : distance / max(size, tolerance.absolute)
          relative = relative.isNaN || ratio.isNaN ? .nan : max(relative, ratio)
          if distance <= tolerance.absolute + tolerance.relative * size, size.isFinite || distance == 0 { continue }
          if first == nil { first = (i, found[i], expected[i]) }
          wrong += 1
        }
      }
    }
    (largestAbsolute, largestRelative, wrongCount, firstWrong) = (absolute, relative, wrong, first)
  }

  /// A tensor that cannot be compared.
  init(_ path: String, layer: String, _ direction: Direction, shape: Shape, problem: String) {
    (self.path, self.layer, self.direction, self.shape) = (path, layer, direction, shape)
    (largestAbsolute, largestRelative, wrongCount, firstWrong) = (.nan, .nan, 0, nil)
    self.problem = problem
  }
}
