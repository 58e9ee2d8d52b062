import Prototxt

/// Exponentials along an axis, divided by their sum; may work in place.
package struct Softmax: Layer {
  package static let type = "Softmax"
  package static let traits = Traits.inPlace

  let axis: AxisField

  package init(_ fields: Fields) throws(Diagnostic) { axis = AxisField(fields.parameters("softmax_param")) }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    Plan(tops: [bottoms[0]], division: try axis.resolved(in: bottoms[0]) == 0 ? .whole : .images)
  }

  package func forward(_ pass: Pass) {
    let y = pass.tops[0].data
    ClassLayout(y.shape, axis: axis.of(y.shape)).softmax(pass.bottoms[0].data, into: y)
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient, layout = ClassLayout(dx.shape, axis: axis.of(dx.shape))
    layout.runs(0..<layout.positions) { start, _, count in
      dx.softmax(
        gradient: pass.tops[0].gradient, pass.tops[0].data, at: start, classes: layout.classes, stride: layout.inner,
        positions: count)
    }
  }
}
