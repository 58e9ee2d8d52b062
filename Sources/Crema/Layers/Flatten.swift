import Prototxt

/// Makes one axis of the axes from `axis` to `end_axis`.
package struct Flatten: Layer {
  package static let type = "Flatten"

  let axis: AxisField, end: AxisField

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("flatten_param")
    (axis, end) = (AxisField(parameters), AxisField(parameters, "end_axis"))
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0], first = try axis.resolved(in: x), last = try end.resolved(in: x)
    guard first <= last else {
      throw ShapeError(
        "axis \(first) lies behind end_axis \(last); change one of them (the bottom has \(x.axesText))",
        at: end.location)
    }
    let top = Shape(x.axes[..<first] + [x.count(first..<last + 1)] + x.axes[(last + 1)...])
    return Plan(tops: [top], division: .byImages([x, top]), aliases: true)
  }

  package func forward(_ pass: Pass) { pass.tops[0].data.copy(pass.bottoms[0].data) }

  package func backward(_ pass: Pass) {
    if pass.wanted[0] { pass.bottoms[0].gradient.copy(pass.tops[0].gradient) }
  }
}
