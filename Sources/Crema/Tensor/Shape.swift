/// The lengths of a blob's axes, outermost first. No axes at all is a scalar, which has one element.
public struct Shape: Sendable, Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The lengths, none of them negative.
  public var axes: [Int]

  /// A shape with these axes.
  public init(_ axes: [Int]) { self.axes = axes }

  /// A shape with these axes.
  public init(arrayLiteral axes: Int...) { self.axes = axes }

  /// The number of elements: the product of all axes.
  public var count: Int { axes.reduce(1, *) }

  /// The number of axes.
  public var rank: Int { axes.count }

  /// The length of an axis, which must exist.
  public subscript(_ axis: Int) -> Int { axes[axis] }

  /// The product of the axes from `axis` on; 1 if there are none.
  public func count(from axis: Int) -> Int { axes.dropFirst(axis).reduce(1, *) }

  /// The product of the axes in `range`.
  public func count(_ range: Range<Int>) -> Int { axes[range].reduce(1, *) }

  /// The same shape with another first axis.
  public func images(_ count: Int) -> Shape { Shape([count] + axes.dropFirst()) }

  /// The axis that `index` means: a negative one counts from the end. `nil` if there is no such axis.
  public func axis(_ index: Int) -> Int? {
    let axis = index < 0 ? index + rank : index
    return axes.indices.contains(axis) ? axis : nil
  }

  /// `64x3x32x32`, or `scalar`.
  public var description: String {
    axes.isEmpty ? "scalar" : axes.map(String.init).joined(separator: "x")
  }

  /// The form of Caffe's log: `64 3 32 32 (196608)`, and `(1)` for a scalar.
  public var logDescription: String { axes.map { "\($0) " }.joined() + "(\(count))" }

  /// The four axes of old files: missing ones in front are 1. `nil` for more than four axes.
  public var legacy: [Int]? { rank <= 4 ? Array(repeating: 1, count: 4 - rank) + axes : nil }

  /// The largest number of elements of a blob, as in Caffe's files.
  static let largestCount = Int(Int32.max)

  /// The largest number of axes of a blob, as in Caffe.
  static let mostAxes = 32

  /// The number of elements, or `nil` if there are more of them, or more axes, than a blob may have.
  var checkedCount: Int? {
    guard rank <= Shape.mostAxes else { return nil }
    var count = 1
    for axis in axes {
      guard axis <= Shape.largestCount else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: axis)
      if overflow { return nil }
      count = product
    }
    return count <= Shape.largestCount ? count : nil
  }
}
