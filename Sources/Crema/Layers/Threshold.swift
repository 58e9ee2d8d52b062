import Prototxt

/// 1 where the bottom is above the threshold, and 0 elsewhere; may work in place. It has no derivative.
package struct Threshold: Layer {
  package static let type = "Threshold"
  package static var traits: Traits {
    var traits = Traits.inPlace
    traits.hasBackward = false
    return traits
  }

  let threshold: Float

  package init(_ fields: Fields) throws(Diagnostic) {
    threshold = fields.parameters("threshold_param").float("threshold")
  }

  package func plan(_ bottoms: [Shape]) -> Plan { Plan(tops: [bottoms[0]], division: .byImages(bottoms)) }

  package func forward(_ pass: Pass) {
    pass.tops[0].data.assign(pass.bottoms[0].data) { $0 > threshold ? 1 : 0 }
  }
}
