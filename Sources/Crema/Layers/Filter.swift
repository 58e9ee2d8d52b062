import Prototxt

/// The images of the bottoms whose selector is not zero, in their order.
///
/// - bottoms: one or more with as many images; then the selector, one value for each image, without gradient.
/// - tops: one for each bottom but the selector, with the images that are selected: perhaps none. They are planned for all images.
package struct Filter: DecidingLayer {
  package static let type = "Filter"
  package static let arity = Arity(bottoms: 2...Int.max, tops: 1...Int.max)
  package static var traits: Traits {
    var traits = Traits()
    traits.bottomsWithoutGradient = [-1]
    return traits
  }

  package init(_ fields: Fields) throws(Diagnostic) {
    let (bottoms, tops) = (fields.bottoms.count, fields.tops.count)
    guard tops == bottoms - 1 else {
      throw fields.message.error(
        "top",
        "there must be a top for each bottom but the last one (the selector): \(bottoms) bottoms, but \(tops) tops")
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let data = Array(bottoms.dropLast()), selector = bottoms[data.count]
    guard selector.rank > 0, selector.count(from: 1) == 1 else {
      throw ShapeError(
        "the last bottom, the selector, must have one value for each image, and it has \(selector.axesText)")
    }
    for (index, bottom) in data.enumerated() where bottom.axes.first != selector[0] {
      throw ShapeError(
        "every bottom must have as many images as the selector: bottom \(index) has \(bottom), the selector \(selector)"
      )
    }
    return Plan(tops: data, division: .whole)
  }

  package func forward(_ pass: Pass) {
    let chosen = selected(pass)
    for (bottom, top) in zip(pass.bottoms, pass.tops) {
      let size = bottom.shape.count(from: 1)
      for (to, from) in chosen.enumerated() { top.data.copy(size, at: to * size, of: bottom.data, from: from * size) }
    }
  }

  package func decidedShapes(_ pass: Pass) -> [Shape] {
    let images = selected(pass).count
    return pass.tops.map { $0.shape.images(images) }
  }

  package func backward(_ pass: Pass) {
    let chosen = selected(pass)
    for ((bottom, top), wanted) in zip(zip(pass.bottoms, pass.tops), pass.wanted) where wanted {
      let size = bottom.shape.count(from: 1)
      bottom.gradient.clear()
      for (from, to) in chosen.enumerated() {
        bottom.gradient.copy(size, at: to * size, of: top.gradient, from: from * size)
      }
    }
  }

  /// The selected images.
  private func selected(_ pass: Pass) -> [Int] {
    pass.bottoms[pass.bottoms.count - 1].data.read { selector in selector.indices.filter { selector[$0] != 0 } }
  }
}
