/// What a chain engine runs for one image. Places are indices of planes; a value's gradient has the same place among the
/// gradient planes as the value among the planes, so Split and Concat are no operations, forward or backward.
enum ChainOperation {
  /// The chain's source, from plain NCHW, through the chain's factors if it has any.
  case load(value: Int, to: Place)
  /// `add`: whether the gradient of `from` is added to what is there.
  case convolve(convolution: Int, from: Place, to: Place, add: Bool)
  /// `to = a x + b y`.
  case combine(Combination)
  /// The chain's top, to plain NCHW: max pooling 3x3/2 and ReLU.
  case pool(from: Place, value: Int)
}

/// A sum of two values with factors.
struct Combination {
  struct Term {
    let factor: Float, place: Place, wanted: Bool
    /// Whether its gradient is added to what is there.
    var add = false
  }

  var x: Term, y: Term
  let to: Place
}

/// Planes of a value on the grid of its chain.
struct Place: Equatable {
  var first: Int, channels: Int, height: Int, width: Int
  var planes: Range<Int> { first..<first + channels }
}

/// All planes of a chain have one stride, so that offsets are the same for all of its channels.
struct Grid {
  let pad: Int, stride: Int, plane: Int
  var start: Int { pad * stride + pad }
  /// Zeros before the first plane and after the last: as far as a kernel reaches.
  var margin: Int { (3 * stride + 3 + 15) / 16 * 16 }

  init(_ shape: Shape, pad: Int) {
    self.pad = pad
    stride = shape[3] + pad
    plane = (shape[2] + 2 * pad) * stride + 2 * pad
  }

  /// The pixels from the first of a plane to its last.
  func run(_ place: Place) -> Int { (place.height - 1) * stride + place.width }

  /// The pixels of some rows of a plane, with the gap behind the last of them unless it is the last of all.
  func run(_ place: Place, _ rows: Range<Int>) -> Int {
    rows.upperBound == place.height ? run(place) - rows.lowerBound * stride : rows.count * stride
  }
}

/// The values that a chain reads its source through: a multiplication and an addition for each channel.
enum ChainHead {
  case plain
  /// Scale, whose weights learn.
  case scale(node: Int)
  /// BatchNorm with gathered statistics, and perhaps a Scale behind it: for nets that only run forward.
  case gathered(norm: Int, scale: Int?)
}

/// Operations that compute a run of nodes for one image.
struct ChainProgram {
  let nodes: Range<Int>
  let grid: Grid
  let head: ChainHead
  /// The value that is read from plain NCHW.
  let source: Int
  /// Nodes, by the number that operations know them by.
  let convolutions: [Int]
  let operations: [ChainOperation]
  /// The number of planes.
  let planes: Int
  /// Whether the nodes run backward.
  let runsBackward: Bool
  /// Whether the gradient of the source is asked for.
  let wantsSource: Bool
  /// The operations that backward computes again: those that make planes that a weight gradient reads.
  let again: [Bool]
}
