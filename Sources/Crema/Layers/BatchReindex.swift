import Prototxt

/// The images of the bottom in another order, some of them perhaps often or never.
///
/// - bottoms: the images; and for each image of the top, the index of its image in the bottom.
package struct BatchReindex: Layer {
  package static let type = "BatchReindex"
  package static let arity = Arity(bottoms: 2...2, tops: 1...1)
  package static var traits: Traits {
    var traits = Traits()
    traits.bottomsWithoutGradient = [1]
    return traits
  }

  private let indices = Indices(noun: "images of bottom 0", advice: "check the indices")

  package init(_ fields: Fields) throws(Diagnostic) {}

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    guard bottoms[0].rank > 0 else { throw ShapeError("bottom 0 must have images, and it is a scalar") }
    guard bottoms[1].rank == 1 else {
      throw ShapeError("bottom 1, the indices, must have 1 axis, and it has \(bottoms[1].axesText)")
    }
    return Plan(tops: [try bottoms[0].images(bottoms[1][0]).fitting("the top")], division: .parts)
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data, size = x.shape.count(from: 1)
    pass.bottoms[1].data.read { places in
      for i in pass.share(of: places.count) {
        guard let from = indices.read(places[i], at: i, count: x.shape[0], pass) else { return }
        pass.tops[0].data.copy(size, at: i * size, of: x, from: from * size)
      }
    }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient, size = dx.shape.count(from: 1), mine = pass.share(of: dx.shape[0])
    dx.clear(mine.count * size, at: mine.lowerBound * size)
    pass.bottoms[1].data.read { places in
      for i in 0..<places.count {
        guard let to = indices.read(places[i], at: i, count: dx.shape[0], pass) else { return }
        if mine.contains(to) { dx.add(size, at: to * size, of: pass.tops[0].gradient, from: i * size) }
      }
    }
  }
}
