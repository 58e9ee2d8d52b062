import Prototxt

/// `y = a · x + b`, with a factor for each image and channel.
///
/// - bottoms: the factors, N x C or N x C x 1 x 1; x; b, of x's shape.
package struct Axpy: Layer {
  package static let type = "Axpy"
  package static let arity = Arity(bottoms: 3...3, tops: 1...1)

  package init(_ fields: Fields) throws(Diagnostic) {}

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let (a, x, b) = (bottoms[0], bottoms[1], bottoms[2])
    guard x == b else { throw ShapeError("bottoms 1 and 2 must have one shape, and they have \(x) and \(b)") }
    guard x.rank >= 2, a.rank >= 2, a.axes[..<2] == x.axes[..<2], a.count(from: 2) == 1 else {
      throw ShapeError("bottom 0 must have one factor for each image and channel of bottom 1 (\(x)), and it has \(a)")
    }
    return Plan(tops: [x], multiplyAdds: x.count)
  }

  package func forward(_ pass: Pass) {
    let (x, b, y) = (pass.bottoms[1].data, pass.bottoms[2].data, pass.tops[0].data)
    eachPlane(pass) { plane, range in
      let a = pass.bottoms[0].data.read { $0[plane] }
      y.assign(range, x, b) { a * $0 + $1 }
    }
  }

  package func backward(_ pass: Pass) {
    let (x, dy) = (pass.bottoms[1].data, pass.tops[0].gradient)
    if pass.wanted[2] { pass.bottoms[2].gradient.copy(dy) }
    eachPlane(pass) { plane, range in
      if pass.wanted[0] {
        let product = x.read { x in dy.read { dy in dot(x, dy, at: range.lowerBound, range.count) } }
        pass.bottoms[0].gradient.write { $0[plane] = product }
      }
      guard pass.wanted[1] else { return }
      let a = pass.bottoms[0].data.read { $0[plane] }
      pass.bottoms[1].gradient.assign(range, dy) { a * $0 }
    }
  }

  @inline(__always)
  private func eachPlane(_ pass: Pass, _ body: (_ plane: Int, _ range: Range<Int>) -> Void) {
    let area = pass.bottoms[1].shape.count(from: 2)
    for plane in 0..<pass.bottoms[0].data.count { body(plane, plane * area..<(plane + 1) * area) }
  }
}
