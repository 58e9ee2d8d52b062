import Prototxt

/// The bottoms one after another along an axis.
///
/// - bottoms: one or more whose other axes are equal.
package struct Concat: Layer {
  package static let type = "Concat"
  package static let arity = Arity(bottoms: 1...Int.max, tops: 1...1)

  let axis: AxisField

  package init(_ fields: Fields) throws(Diagnostic) {
    axis = try AxisField(fields.parameters("concat_param"), old: "concat_dim")
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let axis = try axis.resolved(in: bottoms[0])
    var top = bottoms[0]
    for (index, bottom) in bottoms.enumerated().dropFirst() {
      var expected = bottoms[0]
      if bottom.rank == expected.rank { expected.axes[axis] = bottom[axis] }
      guard bottom == expected else {
        throw ShapeError(
          "bottoms may only differ in axis \(axis): bottom 0 has \(bottoms[0]), bottom \(index) has \(bottom)",
          at: self.axis.location)
      }
      top.axes[axis] += bottom[axis]
    }
    return Plan(
      tops: [try top.fitting("the top")], division: axis == 0 ? .whole : .images, aliases: bottoms.count == 1)
  }

  package func forward(_ pass: Pass) {
    let top = pass.tops[0].data
    let pieces = Pieces(pass.bottoms.map(\.shape), axis: axis.of(top.shape))
    pieces.each { i, count, from, at in top.copy(count, at: at, of: pass.bottoms[i].data, from: from) }
  }

  package func backward(_ pass: Pass) {
    let top = pass.tops[0].gradient
    let pieces = Pieces(pass.bottoms.map(\.shape), axis: axis.of(top.shape))
    pieces.each { i, count, from, at in
      if pass.wanted[i] { pass.bottoms[i].gradient.copy(count, at: from, of: top, from: at) }
    }
  }
}
