import Prototxt

/// Each image divided by the root of the sum of its squares; an image of zeros gives NaN.
package struct L2Normalization: Layer {
  package static let type = "L2Normalization"

  package init(_ fields: Fields) throws(Diagnostic) {}

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    guard bottoms[0].rank > 0 else { throw ShapeError("the bottom is a scalar; it must have images") }
    return Plan(tops: [bottoms[0]])
  }

  package func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data)
    eachImage(x) { range, norm in y.assign(range, x) { $0 / norm } }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let (y, dy) = (pass.tops[0].data, pass.tops[0].gradient)
    eachImage(pass.bottoms[0].data) { range, norm in
      let product = y.read { y in dy.read { dy in dot(y, dy, at: range.lowerBound, range.count) } }
      pass.bottoms[0].gradient.assign(range, dy, y) { ($0 - product * $1) / norm }
    }
  }

  private func eachImage(_ x: Tensor, _ body: (_ range: Range<Int>, _ norm: Float) -> Void) {
    let size = x.shape.count(from: 1)
    for image in 0..<x.shape[0] {
      let norm = x.read { dot($0, $0, at: image * size, size) }.squareRoot()
      body(image * size..<(image + 1) * size, norm)
    }
  }
}
