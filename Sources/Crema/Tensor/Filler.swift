import Prototxt

/// How a weight gets its first values: a FillerParameter, read and checked.
package struct Filler: Sendable {
  private enum Kind: Sendable {
    case constant(Float)
    case uniform(from: Float, to: Float)
    case gaussian(mean: Float, deviation: Float, sparse: Int?)
    case positiveUnitball
    case xavier(Fan)
    case msra(Fan)
    case bilinear
    case bank(FilterBank)
  }

  /// What the variance is divided by.
  private enum Fan: String, Sendable {
    case `in` = "FAN_IN"
    case out = "FAN_OUT"
    case average = "AVERAGE"

    func count(_ shape: Shape) -> Float {
      let inputs = shape.count / (shape.axes.first ?? 1)
      let outputs = shape.rank > 1 ? shape.count / shape[1] : shape.count
      return switch self {
      case .in: Float(inputs)
      case .out: Float(outputs)
      case .average: Float(inputs + outputs) / 2
      }
    }
  }

  private static let types = [
    "constant", "uniform", "gaussian", "positive_unitball", "xavier", "msra", "bilinear", "filter_bank",
  ]

  private let kind: Kind
  private let location: SourceLocation?

  private init(_ kind: Kind) { (self.kind, location) = (kind, nil) }

  /// Every element gets this value.
  package static func constant(_ value: Float) -> Filler { Filler(.constant(value)) }

  /// Reads a FillerParameter. Throws for a type that does not exist, and for numbers with which it cannot work.
  package init(_ message: Message) throws(Diagnostic) {
    kind = try Filler.kind(message)
    location = message.has("type") ? message.location(of: "type") : message.location
  }

  private static func kind(_ message: Message) throws(Diagnostic) -> Kind {
    let type = message.string("type")
    let sparse = message.int("sparse")
    if type != "gaussian", sparse != -1 {
      throw message.error("sparse", "the filler '\(type)' cannot be sparse: only 'gaussian' can")
    }
    if type != "filter_bank", message.has("filter_bank") {
      throw message.error("filter_bank", "the filler '\(type)' takes no filter_bank: only 'filter_bank' does")
    }
    switch type {
    case "constant": return .constant(message.float("value"))
    case "uniform":
      let (low, high) = (message.float("min"), message.float("max"))
      guard low <= high, low.isFinite, high.isFinite, (high - low).isFinite else {
        throw message.error(
          message.has("max") ? "max" : "min",
          "the filler 'uniform' needs numbers with min <= max, not \(low) to \(high)")
      }
      return .uniform(from: low, to: high)
    case "gaussian":
      let (mean, deviation) = (message.float("mean"), message.float("std"))
      guard deviation > 0, deviation.isFinite else {
        throw message.error("std", "the filler 'gaussian' needs a std above 0, not \(deviation)")
      }
      guard mean.isFinite else { throw message.error("mean", "the filler 'gaussian' needs a finite mean, not \(mean)") }
      guard sparse >= -1 else {
        throw message.error("sparse", "sparse must be at least 0 (or -1: every weight is drawn), not \(sparse)")
      }
      return .gaussian(mean: mean, deviation: deviation, sparse: sparse < 0 ? nil : sparse)
    case "positive_unitball": return .positiveUnitball
    case "xavier": return .xavier(fan(message))
    case "msra": return .msra(fan(message))
    case "bilinear": return .bilinear
    case "filter_bank": return .bank(try bank(message))
    default:
      throw message.error(
        "type", "the filler '\(type)' is unknown; there are \(types.joined(separator: ", "))",
        suggesting: type.nearest(in: types))
    }
  }

  private static func bank(_ message: Message) throws(Diagnostic) -> FilterBank {
    guard message.has("filter_bank"), let bank = FilterBank(rawValue: message.enumeration("filter_bank")) else {
      let names = FilterBank.allCases.map(\.rawValue).joined(separator: ", ")
      throw message.error("type", "the filler 'filter_bank' needs a filter_bank: \(names)")
    }
    return bank
  }

  private static func fan(_ message: Message) -> Fan { Fan(rawValue: message.enumeration("variance_norm")) ?? .in }

  /// True if filling draws no random numbers.
  package var isConstant: Bool {
    switch kind {
    case .constant, .bilinear, .bank: true
    default: false
    }
  }

  /// Throws unless a tensor of this shape can be filled.
  package func check(_ shape: Shape) throws(ShapeError) {
    guard shape.count > 0 else {
      throw ShapeError("there is nothing to fill in a blob of shape \(shape)", at: location)
    }
    switch kind {
    case .gaussian(_, _, let sparse?) where sparse > shape.axes.first ?? 1:
      throw ShapeError(
        "sparse: \(sparse) is more than the first axis of \(shape) has, which is \(shape.axes.first ?? 1)", at: location
      )
    case .bilinear where shape.rank != 4 || shape[2] != shape[3]:
      throw ShapeError("the filler 'bilinear' needs 4 axes of which the last two are equal, not \(shape)", at: location)
    case .bank(let bank):
      do { try bank.check(shape) } catch { throw ShapeError(error.message, at: location) }
    default: break
    }
  }

  /// Fills the tensor, whose shape must have passed `check`. Draws for every element in C order, if it draws at all.
  package func fill(_ tensor: Tensor, from random: RandomStream) {
    let shape = tensor.shape
    guard tensor.count > 0 else { return }
    switch kind {
    case .constant(let value): tensor.fill(value)
    case .uniform(let low, let high): uniform(tensor, low, high, random)
    case .gaussian(let mean, let deviation, let sparse):
      gaussian(tensor, mean, deviation, random)
      if let sparse { thin(tensor, sparse, random) }
    case .positiveUnitball:
      uniform(tensor, 0, 1, random)
      divideRowsBySum(tensor)
    case .xavier(let fan):
      let limit = (3 / fan.count(shape)).squareRoot()
      uniform(tensor, -limit, limit, random)
    case .msra(let fan): gaussian(tensor, 0, (2 / fan.count(shape)).squareRoot(), random)
    case .bilinear: interpolate(tensor)
    case .bank(let bank): bank.fill(tensor)
    }
  }

  private func uniform(_ tensor: Tensor, _ low: Float, _ high: Float, _ random: RandomStream) {
    tensor.write { random.fill(&$0, uniformFrom: low, to: high) }
  }

  private func gaussian(_ tensor: Tensor, _ mean: Float, _ deviation: Float, _ random: RandomStream) {
    tensor.write { random.fill(&$0, normalWithMean: mean, deviation: deviation) }
  }

  /// Keeps each element with the probability that leaves `kept` in a column.
  private func thin(_ tensor: Tensor, _ kept: Int, _ random: RandomStream) {
    let probability = Float(kept) / Float(tensor.shape.axes.first ?? 1)
    tensor.write { numbers in
      for i in numbers.indices { numbers[i] *= random.bernoulli(probability) ? 1 : 0 }
    }
  }

  private func divideRowsBySum(_ tensor: Tensor) {
    let length = tensor.count / (tensor.shape.axes.first ?? 1)
    tensor.write { numbers in
      for start in stride(from: 0, to: numbers.count, by: length) {
        var sum: Float = 0
        for i in start..<start + length { sum += numbers[i] }
        for i in start..<start + length { numbers[i] /= sum }
      }
    }
  }

  /// The weights with which a deconvolution enlarges by bilinear interpolation.
  private func interpolate(_ tensor: Tensor) {
    let (height, width) = (tensor.shape[2], tensor.shape[3])
    let factor = Float((width + 1) / 2)
    let centre = Float(Double(width - 1) / (2 * Double(factor)))
    func weight(_ place: Int) -> Float { 1 - abs(Float(place) / factor - centre) }
    tensor.write { numbers in
      for i in numbers.indices { numbers[i] = weight(i % width) * weight(i / width % height) }
    }
  }
}
