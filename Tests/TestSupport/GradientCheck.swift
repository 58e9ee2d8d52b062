import Crema

/// Compares a layer's gradients with central differences of a weighted sum of its tops.
package struct GradientCheck {
  /// The step of the differences. Values are about 1 and sums have some hundred terms of Float: a smaller step drowns in
  /// rounding (1e-7 · sum / step), a larger one in the third derivative (step² / 6).
  package var step: Float = 1e-2
  /// What rounding and curvature leave at that step: a wrong formula is off by parts of the value itself.
  package var tolerance = Tolerance(absolute: 5e-3, relative: 1e-2)
  /// The first bottom is the first top.
  package var inPlace = false
  /// The tops' gradients; a loss has its weight instead.
  private var numbers = Numbers(77)

  package init() {}

  /// Says which gradients are wrong, of bottoms and weights.
  ///
  /// - Parameters:
  ///   - bottoms: their values; memory is copied.
  ///   - wanted: the bottoms to check; all that have gradients if `nil`.
  package mutating func complaints(
    _ layer: any Layer, _ bottoms: [Tensor], weights: [Tensor] = [], wanted: [Bool]? = nil,
    prepare: (LayerRun) -> Void = { _ in }
  ) throws -> [String] {
    let run = try LayerRun(layer, bottoms: bottoms.map { Blob($0.shape) }, inPlace: inPlace)
    if let wanted { run.wanted = wanted }
    for (blob, values) in zip(run.weights, weights) { blob.data.copy(values) }
    if weights.isEmpty { for blob in run.weights { numbers.fill(blob.data) } }
    let slopes = run.tops.map { Tensor($0.shape) }
    for slope in slopes { numbers.fill(slope) }
    prepare(run)
    func value() -> Double {
      for (blob, values) in zip(run.bottoms, bottoms) { blob.data.copy(values) }
      run.forward()
      return zip(run.tops, slopes).reduce(0) { sum, pair in
        zip(pair.0.data.values, pair.1.values).reduce(sum) { $0 + Double($1.0) * Double($1.1) }
      }
    }
    let statistics = run.plan.weights.indices.filter { run.plan.weights[$0].isStatistic }
    let before = run.weights.map(\.data.values)
    _ = value()
    for (top, slope) in zip(run.tops, slopes) { top.gradient.copy(slope) }
    run.backward()
    for index in statistics { run.weights[index].data.copy(Tensor(run.weights[index].shape, before[index])) }
    var complaints: [String] = []
    func check(_ values: Tensor, _ gradient: Tensor, _ what: String) {
      let gradient = gradient.values
      for i in 0..<values.count {
        let center = values.read { $0[i] }
        func at(_ x: Float) -> Double {
          values.write { $0[i] = x }
          return value()
        }
        let slope = Float((at(center + step) - at(center - step)) / Double((center + step) - (center - step)))
        values.write { $0[i] = center }
        guard !tolerance.accepts(gradient[i], slope) else { continue }
        complaints.append(
          "\(type(of: layer).type): gradient \(i) of \(what) is \(gradient[i]), the difference says \(slope)")
        return
      }
    }
    for (index, bottom) in bottoms.enumerated() where run.wanted[index] {
      check(bottom, run.bottoms[index].gradient, "bottom \(index)")
    }
    for (index, blob) in run.weights.enumerated() where !statistics.contains(index) {
      check(blob.data, blob.gradient, "weight \(index)")
    }
    return complaints
  }
}
