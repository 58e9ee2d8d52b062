/// Fixed high-pass filters that image forensics and steganalysis put in front of a net, each in a window of 5x5.
///
/// The filters of the Spatial Rich Model are those of Fridrich and Kodovsky, "Rich models for steganalysis of digital images",
/// each divided so that its centre is -1.
package enum FilterBank: String, Sendable, CaseIterable {
  /// Three filters without direction: the Laplacian of four neighbours, and the squares of 3x3 and 5x5.
  case highPass = "HIGH_PASS"
  /// The three that Zhou et al., "Learning rich features for image manipulation detection", chose: the squares of 3x3 and 5x5, and
  /// the horizontal second difference.
  case srm3 = "SRM_3"
  /// All thirty: 8 first, 4 second and 8 third differences, the square of 3x3 with its 4 edges, that of 5x5 with its 4 edges.
  /// Directions go clockwise from above.
  case srm30 = "SRM_30"

  /// Rows, and columns, of every filter.
  package static let side = 5

  /// The filters, each 5x5 in C order.
  package var filters: [[Float]] {
    switch self {
    case .highPass: [Self.laplacian, Self.square3, Self.square5]
    case .srm3: [Self.square3, Self.square5, Self.turned(Self.second, by: 1)]
    case .srm30:
      Self.clockwise(Self.first, Self.firstDiagonal, turns: 4)
        + Self.clockwise(Self.second, Self.secondDiagonal, turns: 2)
        + Self.clockwise(Self.third, Self.thirdDiagonal, turns: 4) + [Self.square3]
        + (0..<4).map { Self.turned(Self.edge3, by: $0) } + [Self.square5]
        + (0..<4).map { Self.turned(Self.edge5, by: $0) }
    }
  }

  private static let first = filter(1, [(1, 2, 1), (2, 2, -1)])
  private static let firstDiagonal = filter(1, [(1, 3, 1), (2, 2, -1)])
  private static let second = filter(2, [(1, 2, 1), (2, 2, -2), (3, 2, 1)])
  private static let secondDiagonal = filter(2, [(1, 3, 1), (2, 2, -2), (3, 1, 1)])
  private static let third = filter(3, [(0, 2, -1), (1, 2, 3), (2, 2, -3), (3, 2, 1)])
  private static let thirdDiagonal = filter(3, [(0, 4, -1), (1, 3, 3), (2, 2, -3), (3, 1, 1)])
  private static let laplacian = filter(4, [(1, 2, 1), (2, 1, 1), (2, 2, -4), (2, 3, 1), (3, 2, 1)])
  private static let square3 = rows(
    4, [0, 0, 0, 0, 0], [0, -1, 2, -1, 0], [0, 2, -4, 2, 0], [0, -1, 2, -1, 0], [0, 0, 0, 0, 0])
  private static let edge3 = rows(
    4, [0, 0, 0, 0, 0], [0, -1, 2, -1, 0], [0, 2, -4, 2, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0])
  private static let square5 = rows(
    12, [-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1])
  private static let edge5 = rows(
    12, [-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0])

  private static func filter(_ divisor: Float, _ taps: [(row: Int, column: Int, value: Float)]) -> [Float] {
    var filter = [Float](repeating: 0, count: side * side)
    for tap in taps { filter[tap.row * side + tap.column] = tap.value / divisor }
    return filter
  }

  private static func rows(_ divisor: Float, _ rows: [Float]...) -> [Float] { rows.joined().map { $0 / divisor } }

  /// Quarter turns to the right.
  private static func turned(_ filter: [Float], by turns: Int) -> [Float] {
    (0..<turns).reduce(filter) { filter, _ in
      (0..<side * side).map { filter[(side - 1 - $0 % side) * side + $0 / side] }
    }
  }

  /// A filter in as many directions, each followed by its diagonal neighbour's.
  private static func clockwise(_ straight: [Float], _ diagonal: [Float], turns: Int) -> [[Float]] {
    (0..<turns).flatMap { [turned(straight, by: $0), turned(diagonal, by: $0)] }
  }
}

extension FilterBank {
  /// Throws unless a tensor of this shape can hold the bank: filters x channels x rows x columns.
  func check(_ shape: Shape) throws(ShapeError) {
    let count = filters.count, side = FilterBank.side
    guard shape.rank == 4, shape[0] % count == 0 else {
      throw ShapeError(
        "the filter bank \(rawValue) has \(count) filters: num_output must be a multiple of \(count), and not those of \(shape)"
      )
    }
    guard [shape[2], shape[3]].allSatisfy({ $0 >= side && $0 % 2 == 1 }) else {
      throw ShapeError(
        "the filters of the bank \(rawValue) are \(side)x\(side): kernels must be odd and at least as large, not \(shape[2])x\(shape[3])"
      )
    }
  }

  /// Filter k of the tensor becomes filter k mod count of the bank, the same in each of its channels, in the middle of the kernel.
  func fill(_ tensor: Tensor) {
    let filters = filters, shape = tensor.shape, side = FilterBank.side
    let (height, width) = (shape[2], shape[3]), (top, left) = ((height - side) / 2, (width - side) / 2)
    tensor.fill(0)
    tensor.write { numbers in
      for plane in 0..<shape[0] * shape[1] {
        let filter = filters[plane / shape[1] % filters.count]
        for row in 0..<side {
          for column in 0..<side {
            numbers[(plane * height + top + row) * width + left + column] = filter[row * side + column]
          }
        }
      }
    }
  }
}
