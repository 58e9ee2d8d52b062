import Crema
import TestSupport
import Testing

@Suite struct GradientTests {
  @Test(arguments: GradientCase.all)
  func gradientsAreThoseOfDifferences(_ layerCase: GradientCase) throws {
    let layer = try makeLayer(layerCase.layer)
    var check = GradientCheck()
    check.step = 5e-3
    for complaint in try check.complaints(layer, layerCase.bottoms(), prepare: prepare) { Issue.record("\(complaint)") }
  }

  @Test(arguments: GradientCase.inPlace)
  func gradientsAreRightInPlace(_ layerCase: GradientCase) throws {
    let layer = try makeLayer(layerCase.layer + (layerCase.shapes.count == 1 ? " bottom: 'a'" : "") + " top: 'a'")
    var check = GradientCheck()
    check.step = 5e-3
    check.inPlace = true
    for complaint in try check.complaints(layer, layerCase.bottoms(), prepare: prepare) { Issue.record("\(complaint)") }
  }

  /// Statistics must be variances, masks must be drawn.
  private func prepare(_ run: LayerRun) {
    if run.layer is BatchNorm {
      run.weights[1].data.assign(run.weights[1].data) { $0 * $0 + 0.5 }
      run.weights[2].data.fill(1)
    }
    if run.layer is BN, run.weights.count == 4 {
      run.weights[3].data.assign(run.weights[3].data) { $0 * $0 + 0.5 }
    }
    run.draw(RandomStream(seed: 3))
  }
}
