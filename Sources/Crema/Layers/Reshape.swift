import Prototxt

/// The same numbers with other axes: 0 copies the bottom's length, one -1 takes what is left.
package struct Reshape: Layer {
  package static let type = "Reshape"

  let lengths: [Int], axis: Int, axes: Int
  private let shape: Message, parameters: Message

  package init(_ fields: Fields) throws(Diagnostic) {
    parameters = fields.parameters("reshape_param")
    shape = parameters.message("shape")
    (lengths, axis, axes) = (shape.ints("dim"), parameters.int("axis"), parameters.int("num_axes"))
    for (index, length) in lengths.enumerated() where !(-1...Shape.largestCount).contains(length) {
      throw shape.error("dim", index: index, "dim must be -1 (what is left), 0 (copy) or a length, not \(length)")
    }
    if lengths.count(where: { $0 == -1 }) > 1 {
      throw shape.error(
        "dim", index: lengths.lastIndex(of: -1) ?? 0, "only one dim may be -1 (what is left); give the others a length")
    }
    guard axes >= -1 else {
      throw parameters.error("num_axes", "num_axes must be -1 (all axes from axis on) or more, not \(axes)")
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0], start = axis < 0 ? x.rank + axis + 1 : axis
    guard (0...x.rank).contains(start) else {
      throw ShapeError(
        "axis \(axis) is out of range for a blob of \(x.axesText); use \(-x.rank - 1) to \(x.rank)",
        at: parameters.location(of: "axis"))
    }
    let end = axes == -1 ? x.rank : start + axes
    guard end <= x.rank else {
      throw ShapeError(
        "axis \(start) and num_axes \(axes) reach beyond a blob of \(x.axesText); make num_axes smaller, or -1",
        at: parameters.location(of: "num_axes"))
    }
    var middle = lengths
    for (index, length) in lengths.enumerated() where length == 0 {
      guard start + index < x.rank else {
        throw ShapeError(
          "dim 0 copies axis \(start + index), and the bottom has \(x.axesText); give a length",
          at: shape.location(of: "dim", index: index))
      }
      middle[index] = x[start + index]
    }
    if let open = middle.firstIndex(of: -1) {
      middle[open] = 1
      let known = Shape(x.axes[..<start] + middle + x.axes[end...])
      guard let count = known.checkedCount, count > 0, x.count % count == 0 else {
        throw mismatch(x, "the lengths that are given (\(known), with 1 for -1) do not divide", index: open)
      }
      middle[open] = x.count / count
    }
    let top = Shape(x.axes[..<start] + middle + x.axes[end...])
    guard top.checkedCount == x.count else { throw mismatch(x, "the new shape \(top) does not hold", index: 0) }
    return Plan(tops: [top], division: .byImages([x, top]), aliases: true)
  }

  private func mismatch(_ x: Shape, _ what: String, index: Int) -> ShapeError {
    ShapeError(
      "\(what) the \(x.count) elements of the bottom (\(x)); change dim", at: shape.location(of: "dim", index: index))
  }

  package func forward(_ pass: Pass) { pass.tops[0].data.copy(pass.bottoms[0].data) }

  package func backward(_ pass: Pass) {
    if pass.wanted[0] { pass.bottoms[0].gradient.copy(pass.tops[0].gradient) }
  }
}
