import Prototxt

/// The largest value, or the average, under each window of a plane.
///
/// - bottom: N x C x H x W.
/// - top: N x C x H' x W'; for MAX a second top of the same shape may hold the index of each maximum in its plane.
/// - kept: for MAX, the indices as bit patterns of integers, -1 for a window without values.
package struct Pooling: Layer {
  package static let type = "Pooling"
  package static let arity = Arity(bottoms: 1...1, tops: 1...2)

  let isMax: Bool
  let window: PoolingWindow
  private let hasMask: Bool

  /// Maxima of 3x3 windows with stride 2, the commonest pooling, without their places.
  var isThreeByTwo: Bool { isMax && !hasMask && window.isThreeByTwo }

  package static func layer(_ fields: Fields) throws(Diagnostic) -> any Layer {
    let isStochastic = fields.parameters("pooling_param").enumeration("pool") == "STOCHASTIC"
    return isStochastic ? try StochasticPooling(fields) : try Pooling(fields)
  }

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("pooling_param"), method = parameters.enumeration("pool")
    isMax = method == "MAX"
    window = try PoolingWindow(parameters)
    hasMask = fields.tops.count > 1
    guard isMax || !hasMask else {
      throw fields.message.error(
        "top", index: 1, "only pool: MAX has a second top (the places of the maxima); remove '\(fields.tops[1])'")
    }
  }

  /// The pooling of another layer, without a second top.
  init(isMax: Bool, window: PoolingWindow) { (self.isMax, self.window, hasMask) = (isMax, window, false) }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let (rows, columns) = try window.checkedSides(bottoms[0], divides: !isMax)
    let top = try Shape([bottoms[0][0], bottoms[0][1], rows.output, columns.output]).fitting("the top")
    var plan = Plan(tops: hasMask ? [top, top] : [top], kept: isMax ? [top] : [])
    plan.isByChannel = true
    if [rows, columns].contains(where: { $0.kernel > $0.input + 2 * $0.pad }) {
      plan.warnings.append(
        "the window of \(rows.kernel)x\(columns.kernel) is larger than the padded bottom, which is "
          + "\(rows.input + 2 * rows.pad)x\(columns.input + 2 * columns.pad): it is cut off at the border")
    }
    return plan
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data, y = pass.tops[0].data, window = planes(x.shape)
    guard isMax else { return y.poolAverages(of: x, window) }
    let mask = hasMask ? pass.tops[1].data : nil, places = pass.keeps ? pass.kept[0] : mask
    y.poolMaxima(of: x, window, places: places)
    if let mask, let places { mask.assign(places) { Float(Int32(bitPattern: $0.bitPattern)) } }
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient, dy = pass.tops[0].gradient, window = planes(dx.shape)
    if isMax { dx.unpoolMaxima(dy, window, places: pass.kept[0]) } else { dx.unpoolAverages(dy, window) }
  }

  private func planes(_ x: Shape) -> PlaneWindow {
    let (rows, columns) = window.sides(height: x[2], width: x[3])
    return PlaneWindow(rows, columns)
  }
}

extension PlaneWindow {
  /// The windows along both axes.
  init(_ rows: PoolingWindow.Side, _ columns: PoolingWindow.Side) {
    self.init(
      input: (rows.input, columns.input), kernel: (rows.kernel, columns.kernel), stride: (rows.stride, columns.stride),
      pad: (rows.pad, columns.pad), output: (rows.output, columns.output))
  }
}
