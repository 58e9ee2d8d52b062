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
    let y = pass.tops[0].data, layout = ClassLayout(y.shape, axis: axis.of(y.shape))
    y.copy(pass.bottoms[0].data)
    y.write { layout.softmax(&$0) }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient, layout = ClassLayout(dx.shape, axis: axis.of(dx.shape))
    let (classes, inner) = (layout.classes, layout.inner)
    dx.copy(pass.tops[0].gradient)
    dx.write(reading: pass.tops[0].data) { y, dx in
      for i in 0..<layout.outer {
        for j in 0..<inner {
          let first = i * classes * inner + j, end = (i + 1) * classes * inner
          var product: Float = 0
          for at in stride(from: first, to: end, by: inner) { product += dx[at] * y[at] }
          for at in stride(from: first, to: end, by: inner) { dx[at] = (dx[at] - product) * y[at] }
        }
      }
    }
  }
}
