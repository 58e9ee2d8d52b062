import Prototxt

/// An axis as the file names it, and where it does. A negative one counts from the end.
struct AxisField: Sendable {
  let index: Int
  let location: SourceLocation?

  init(_ message: Message, _ field: String = "axis") {
    index = message.int(field)
    location = message.location(of: field)
  }

  /// An axis that the kind of layer decides.
  init(index: Int) { (self.index, location) = (index, nil) }

  /// The axis of a blob of this shape. Throws if it has no such axis.
  func resolved(in shape: Shape) throws(ShapeError) -> Int {
    if let axis = shape.axis(index) { return axis }
    let wanted = shape.rank == 0 ? "a scalar has no axes" : "use \(-shape.rank) to \(shape.rank - 1)"
    throw ShapeError("axis \(index) is out of range for a blob of \(shape.axesText); \(wanted)", at: location)
  }

  /// The axis of a blob whose shape the plan has accepted.
  func of(_ shape: Shape) -> Int { index < 0 ? index + shape.rank : index }
}

extension Shape {
  /// `2 axes (2x3)`.
  var axesText: String {
    switch rank {
    case 0: "0 axes (a scalar)"
    case 1: "1 axis (\(self))"
    default: "\(rank) axes (\(self))"
    }
  }

  /// This shape, if a blob can have it.
  func fitting(_ what: String, at location: SourceLocation? = nil) throws(ShapeError) -> Shape {
    if checkedCount != nil { return self }
    throw ShapeError(
      "\(what) would be \(self), more than the \(Shape.largestCount) elements that a blob may have; make the layer smaller",
      at: location)
  }
}

extension Plan.Division {
  /// By images if all these blobs have a first axis of one length, otherwise whole.
  static func byImages(_ shapes: [Shape]) -> Plan.Division {
    guard let first = shapes.first?.axes.first else { return .whole }
    return shapes.allSatisfy { $0.axes.first == first } ? .images : .whole
  }
}

extension Fields {
  /// Whether the first top has the first bottom's name.
  var isInPlace: Bool { !tops.isEmpty && tops.first == bottoms.first }
}
