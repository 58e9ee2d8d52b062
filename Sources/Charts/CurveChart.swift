/// Lines over two axes with ticks at round numbers.
public struct CurveChart: Sendable {
  /// One line.
  public struct Series: Sendable {
    /// Its name in the legend.
    public let name: String
    /// Its points, from left to right.
    public let points: [(x: Double, y: Double)]

    /// A line through points; those that are not finite interrupt it.
    public init(name: String, points: [(x: Double, y: Double)]) { (self.name, self.points) = (name, points) }
  }

  /// What stands above it and along its axes.
  public var title = "", xName = "", yName = ""
  /// The lines, the first in front of nothing.
  public var series: [Series]
  /// The ends of the axes; nil: those of the points.
  public var xRange: ClosedRange<Double>?, yRange: ClosedRange<Double>?
  /// Whether a pale line runs from corner to corner.
  public var showsDiagonal = false

  /// A chart of lines.
  public init(_ series: [Series]) { self.series = series }

  /// Writes the chart, by default 760 x 520 pixels.
  public func write(
    _ format: PictureFormat, to path: String, width: Double = 760, height: Double = 520
  ) throws(PictureError) {
    try Self.write([self], format, to: path, width: width, height: height)
  }

  /// Writes charts one below the other, each by default 760 x 520 pixels.
  public static func write(
    _ charts: [CurveChart], _ format: PictureFormat, to path: String, width: Double = 760, height: Double = 520
  ) throws(PictureError) {
    try Canvas.write(format, to: path, width: width, height: height * Double(charts.count)) { canvas in
      for (index, chart) in charts.enumerated() {
        chart.draw(on: canvas, from: height * Double(index), width: width, height: height)
      }
    }
  }

  private func draw(on canvas: Canvas, from top: Double, width: Double, height: Double) {
    let x = Axis(xRange, series.flatMap { $0.points.map(\.x) }), y = Axis(yRange, series.flatMap { $0.points.map(\.y) })
    let frame = Frame(
      left: 78, top: top + (title.isEmpty ? 24 : 54), right: width - 24, bottom: top + height - 58, x: x, y: y)
    if !title.isEmpty { canvas.text(title, 24, top + 28, size: 16, isBold: true) }
    frame.drawGrid(on: canvas)
    canvas.text(xName, (frame.left + frame.right) / 2, top + height - 18, .middle, .pale)
    canvas.text(yName, 18, (frame.top + frame.bottom) / 2, .middle, .pale, isTurned: true)
    if showsDiagonal {
      canvas.line([(frame.left, frame.bottom), (frame.right, frame.top)], .faint, width: 1.5)
    }
    for (index, series) in series.enumerated() {
      frame.draw(series, on: canvas, style(index))
    }
    drawLegend(canvas, frame)
  }

  /// How a series is drawn: when all colours are used up, they begin anew with dashes.
  private func style(_ index: Int) -> LineStyle {
    let round = index / Colour.series.count
    return LineStyle(
      colour: Colour.series[index % Colour.series.count], dashes: [[], [7, 4], [2, 3]][min(round, 2)])
  }

  private func drawLegend(_ canvas: Canvas, _ frame: Frame) {
    guard series.count > 1 || series.contains(where: { !$0.name.isEmpty }) else { return }
    let widest = series.map { canvas.width(of: $0.name, size: 12) }.max() ?? 0
    let (left, top) = frame.emptiestCorner(
      width: widest + 42, height: 18 * Double(series.count) + 8, of: series.map(\.points))
    canvas.fill(left, top, widest + 42, 18 * Double(series.count) + 8, .paper)
    for (index, series) in series.enumerated() {
      let y = top + 13 + 18 * Double(index)
      canvas.line([(left + 6, y), (left + 28, y)], style(index).colour, width: 2.5, dashes: style(index).dashes)
      canvas.text(series.name, left + 34, y, size: 12)
    }
  }
}

/// One axis: its ends and the round numbers between them.
struct Axis {
  let low: Double, high: Double
  let ticks: [Double]

  /// An axis between given ends, or one that holds all finite values.
  init(_ range: ClosedRange<Double>?, _ values: [Double]) {
    let finite = values.filter(\.isFinite)
    var low = range?.lowerBound ?? finite.min() ?? 0, high = range?.upperBound ?? finite.max() ?? 1
    if low == high { (low, high) = (low - 0.5, high + 0.5) }
    let step = Self.step((high - low) / 6)
    if range == nil { (low, high) = ((low / step).rounded(.down) * step, (high / step).rounded(.up) * step) }
    (self.low, self.high) = (low, high)
    let first = (low / step).rounded(.up)
    ticks = (0...20).map { (first + Double($0)) * step }.filter { $0 <= high + step * 1e-6 }
  }

  /// The least of 1, 2 and 5 times a power of ten that is at least `size`.
  private static func step(_ size: Double) -> Double {
    var power = 1.0
    while power < size { power *= 10 }
    while power > size { power /= 10 }
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= size * 0.999 } ?? 10 * power
  }

  /// Where a value lies between the ends, 0 to 1.
  func share(_ value: Double) -> Double { (value - low) / (high - low) }

  /// A tick's number, as short as the distance between ticks allows.
  func label(_ value: Double) -> String {
    let step = ticks.count > 1 ? ticks[1] - ticks[0] : 1
    if step >= 1, abs(value) < 1e15 { return String(Int(value.rounded())) }
    var scale = 1.0, digits = 0
    while step * scale < 0.999, digits < 12 { (scale, digits) = (scale * 10, digits + 1) }
    let whole = Int((abs(value) * scale).rounded()), fraction = String(whole % Int(scale))
    return (value < 0 && whole > 0 ? "-" : "") + "\(whole / Int(scale))."
      + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}

/// The look of a line.
private struct LineStyle {
  let colour: Colour
  let dashes: [Double]
}

/// The rectangle between the axes.
private struct Frame {
  let left: Double, top: Double, right: Double, bottom: Double
  let x: Axis, y: Axis

  func point(_ value: (x: Double, y: Double)) -> (x: Double, y: Double) {
    (left + x.share(value.x) * (right - left), bottom - y.share(value.y) * (bottom - top))
  }

  func drawGrid(on canvas: Canvas) {
    for tick in x.ticks {
      let place = point((tick, y.low)).x
      canvas.line([(place, top), (place, bottom)], .faint)
      canvas.text(x.label(tick), place, bottom + 16, size: 12, .middle)
    }
    for tick in y.ticks {
      let place = point((x.low, tick)).y
      canvas.line([(left, place), (right, place)], .faint)
      canvas.text(y.label(tick), left - 8, place, size: 12, .right)
    }
    canvas.frame(left, top, right - left, bottom - top, .pale)
  }

  /// The left upper end of the box in a corner, of four, that covers least of the lines.
  func emptiestCorner(
    width: Double, height: Double, of lines: [[(x: Double, y: Double)]]
  ) -> (left: Double, top: Double) {
    let margin = 8.0
    let corners = [(right - width - margin, top + margin), (right - width - margin, bottom - height - margin)]
      .flatMap { [$0, (left + margin, $0.1)] }
    let samples = lines.flatMap { line in
      zip(line, line.dropFirst()).flatMap { from, to in
        let (from, to) = (point(from), point(to))
        return (0...8).map { step in
          (x: from.x + (to.x - from.x) * Double(step) / 8, y: from.y + (to.y - from.y) * Double(step) / 8)
        }
      }
    }
    func covered(_ corner: (Double, Double)) -> Int {
      samples.count {
        ($0.x - corner.0) / width >= 0 && ($0.x - corner.0) / width <= 1
          && ($0.y - corner.1) / height >= 0 && ($0.y - corner.1) / height <= 1
      }
    }
    return corners.enumerated().min { (covered($0.element), $0.offset) < (covered($1.element), $1.offset) }?.element
      ?? corners[0]
  }

  func draw(_ series: CurveChart.Series, on canvas: Canvas, _ style: LineStyle) {
    for part in series.points.split(whereSeparator: { !$0.x.isFinite || !$0.y.isFinite }) {
      canvas.line(part.map(point), style.colour, width: 2, dashes: style.dashes)
    }
  }
}
