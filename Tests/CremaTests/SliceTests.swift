import Crema
import TestSupport
import Testing

/// Pieces of a batch give the bits of the whole, and nobody touches what was not asked for.
@Suite struct SliceTests {
  /// A layer after a forward and a backward pass over a batch of seven; one step of an LSTM has no images to add.
  private func run(_ layerCase: GradientCase, pieces: Int, _ change: (LayerRun) -> Void = { _ in }) throws -> LayerRun {
    var numbers = Numbers(9)
    let images = layerCase.layer.hasPrefix("type: 'LSTMUnit'") ? 1 : 7
    let bottoms = layerCase.shapes.enumerated().map { index, shape in
      let blob = Blob(shape.rank > 0 && shape[0] == layerCase.shapes[0][0] ? shape.images(images) : shape)
      if index == layerCase.labelled, let labels = layerCase.labels {
        blob.data.write { x in for i in 0..<x.count { x[i] = labels[i % labels.count] } }
      } else {
        numbers.fill(blob.data)
        blob.data.assign(blob.data) { $0 + layerCase.offset }
      }
      return blob
    }
    let run = try LayerRun(makeLayer(layerCase.layer), bottoms: bottoms)
    for blob in run.weights { numbers.fill(blob.data) }
    if run.layer is BatchNorm {
      for index in 1...2 { run.weights[index].data.assign(run.weights[index].data) { $0 * $0 + 0.5 } }
    }
    if run.layer is BN, run.weights.count == 4 {
      run.weights[3].data.assign(run.weights[3].data) { $0 * $0 + 0.5 }
    }
    change(run)
    run.draw(RandomStream(seed: 4))
    run.forward(pieces: pieces)
    for top in run.tops { numbers.fill(top.gradient) }
    if run.keeps { run.backward(pieces: pieces) }
    return run
  }

  private static let cases = GradientCase.all.filter { !$0.layer.contains("dim: 7 dim: -1") }

  @Test(arguments: cases, [2, 3, 7, 16])
  func piecesGiveTheBitsOfTheWhole(_ layerCase: GradientCase, pieces: Int) throws {
    let whole = try run(layerCase, pieces: 1), sliced = try run(layerCase, pieces: pieces)
    #expect(whole.tops.map(\.data.values) == sliced.tops.map(\.data.values))
    #expect(whole.bottoms.map(\.gradient.values) == sliced.bottoms.map(\.gradient.values))
    #expect(whole.weights.map(\.data.values) == sliced.weights.map(\.data.values))
    // The order of a sum of gradients is that of slices, so only the parts of one batch have the same bits.
    for (a, b) in zip(whole.weights, sliced.weights) {
      #expect(difference(b.gradient, a.gradient, .backward, what: layerCase.layer) == nil)
    }
  }

  @Test(arguments: cases)
  func aForwardPassThatKeepsNothingGivesTheSameTops(_ layerCase: GradientCase) throws {
    let keeping = try run(layerCase, pieces: 2)
    let plain = try run(layerCase, pieces: 2) { $0.keeps = false }
    #expect(keeping.tops.map(\.data.values) == plain.tops.map(\.data.values))
    guard !(plain.layer is any DrawingLayer) else { return }
    #expect(plain.kept.allSatisfy { $0.values.allSatisfy(\.isNaN) }, "kept is only written if a backward pass follows")
  }

  @Test(arguments: cases)
  func gradientsThatNobodyWantsAreNotTouched(_ layerCase: GradientCase) throws {
    let none = try run(layerCase, pieces: 3) { run in
      run.wanted = run.bottoms.map { _ in false }
      run.learns = run.weights.map { _ in false }
      for blob in run.bottoms + run.weights { blob.gradient.fill(0.25) }
    }
    for (weight, plan) in zip(none.weights, none.plan.weights) where !plan.replacesGradient {
      #expect(weight.gradient.values.allSatisfy { $0 == 0.25 })
    }
    #expect(none.bottoms.allSatisfy { $0.gradient.values.allSatisfy { $0 == 0.25 } })
  }

  @Test(arguments: cases)
  func gradientsOfWeightsAreAdded(_ layerCase: GradientCase) throws {
    let once = try run(layerCase, pieces: 2)
    let more = try run(layerCase, pieces: 2) { run in for blob in run.weights { blob.gradient.fill(2) } }
    for (index, plan) in once.plan.weights.enumerated() where !plan.isStatistic {
      let expected = once.weights[index].gradient
      if !plan.replacesGradient { expected.assign(expected) { $0 + 2 } }
      #expect(difference(more.weights[index].gradient, expected, .backward, what: "weight \(index)") == nil)
    }
  }
}
