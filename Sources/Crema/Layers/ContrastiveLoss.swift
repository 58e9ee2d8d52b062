import Prototxt

/// Half the mean over pairs of their squared distance if they are similar, or of what a margin is above their
/// distance, squared, if they are not.
///
/// - bottoms: the one and the other of each pair, pairs x values; and for each pair whether they are similar, 0 for no.
/// - top: the loss, a scalar.
/// - kept: the differences, and the squared distances.
package struct ContrastiveLoss: Layer {
  package static let type = "ContrastiveLoss"
  package static let arity = Arity(bottoms: 3...3, tops: 1...1)
  package static var traits: Traits {
    var traits = Traits()
    traits.isLoss = true
    traits.unforcedBottoms = [2]
    traits.bottomsWithoutGradient = [2]
    return traits
  }

  let margin: Float
  /// Whether the margin is that of the squared distance, which is not squared again.
  let isLegacy: Bool

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("contrastive_loss_param")
    margin = parameters.float("margin")
    isLegacy = parameters.bool("legacy_version")
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let (a, b, similar) = (bottoms[0], bottoms[1], bottoms[2])
    guard a.rank > 0, a.count(from: 2) == 1, b.count(from: 2) == 1, a.axes.prefix(2) == b.axes.prefix(2) else {
      throw ShapeError("bottoms 0 and 1 must both have pairs x values, and they have \(a) and \(b)")
    }
    guard similar.axes.first == a[0], similar.count(from: 1) == 1 else {
      throw ShapeError("bottom 2 must have one value for each pair: the pairs have \(a), bottom 2 has \(similar)")
    }
    return Plan(tops: [[]], division: .whole, kept: [a, [a[0]]], scratch: [a, [a[0]]])
  }

  package func forward(_ pass: Pass) {
    let memory = pass.keeps ? pass.kept : pass.scratch, (difference, squares) = (memory[0], memory[1])
    let (pairs, values) = (squares.count, difference.shape.count(from: 1))
    difference.assign(pass.bottoms[0].data, pass.bottoms[1].data) { $0 - $1 }
    squares.write(reading: difference) { d, squares in
      for i in 0..<pairs { squares[i] = dot(d, d, at: i * values, values) }
    }
    var loss: Float = 0
    for i in 0..<pairs {
      guard let isSimilar = isSimilar(i, pass) else { return }
      let square = squares.read { $0[i] }
      if isSimilar {
        loss += square
      } else if isLegacy {
        loss += max(margin - square, 0)
      } else {
        let short = max(margin - square.squareRoot(), 0)
        loss += short * short
      }
    }
    pass.tops[0].data.fill(loss / Float(pairs) / 2)
  }

  package func backward(_ pass: Pass) {
    let (difference, squares) = (pass.kept[0], pass.kept[1])
    let (pairs, values) = (squares.count, difference.shape.count(from: 1))
    let factor = pass.tops[0].gradient.read { $0[0] } / Float(pairs)
    for i in 0..<pairs {
      guard let isSimilar = isSimilar(i, pass) else { return }
      let slope = isSimilar ? factor : -factor * shortfall(squares.read { $0[i] })
      for (index, sign) in [Float(1), -1].enumerated() where pass.wanted[index] {
        pass.bottoms[index].gradient.assign(i * values..<(i + 1) * values, difference) { sign * slope * $0 }
      }
    }
  }

  /// What the gradient of a pair that is not similar is multiplied by: 0 if it is as far apart as the margin.
  private func shortfall(_ square: Float) -> Float {
    if isLegacy { return margin - square > 0 ? 1 : 0 }
    let distance = square.squareRoot(), short = margin - distance
    return short > 0 ? short / (distance + 1e-4) : 0
  }

  /// Whether a pair is similar; `nil` after a failure is reported.
  private func isSimilar(_ pair: Int, _ pass: Pass) -> Bool? {
    let value = pass.bottoms[2].data.read { $0[pair] }
    guard abs(value) < 2_147_483_648 else {
      pass.fail("\(value) for pair \(pair) says nothing: 0 is for pairs that are not similar, 1 for similar ones")
      return nil
    }
    return Int(value) != 0
  }
}
