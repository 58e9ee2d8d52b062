import Images

/// What images may go through on their way into a dataset: the operations of the AMTENnet paper's Table IX.
public enum ImageOperation: Equatable, Sendable {
  case none
  /// A smoothing filter of size 3, 5 or 7.
  case filter(Image.Filter, size: Int)
  /// Gamma correction.
  case gamma(Double)
  /// JPEG compression with a quality of 0 to 100.
  case jpeg(quality: Int)
  /// JPEG 2000 compression to one `ratio`-th of the size.
  case jpeg2000(ratio: Double)
  /// Scaling up (positive) or down by a share in percent.
  case scaling(percent: Int)

  /// The image after the operation; scaling changes its size.
  ///
  /// - Throws: a library that refuses the image.
  public func callAsFunction(_ image: Image) throws(ImageError) -> Image {
    switch self {
    case .none: return image
    case .filter(let filter, let size): return try image.filtered(filter, size: size)
    case .gamma(let gamma): return image.gammaCorrected(gamma)
    case .jpeg(let quality): return try image.throughJPEG(quality: quality)
    case .jpeg2000(let ratio): return try image.throughJPEG2000(ratio: ratio)
    case .scaling(let percent):
      func scaled(_ length: Int) -> Int { max(1, (length * (100 + percent) + 50) / 100) }
      return try image.resized(width: scaled(image.width), height: scaled(image.height))
    }
  }

  /// The paper's short name of the kind of operation: ME, GB, MED, GC, JP, JP2, SC; Raw for none.
  public var kind: String {
    switch self {
    case .none: "Raw"
    case .filter(.mean, _): "ME"
    case .filter(.gaussian, _): "GB"
    case .filter(.median, _): "MED"
    case .gamma: "GC"
    case .jpeg: "JP"
    case .jpeg2000: "JP2"
    case .scaling: "SC"
    }
  }

  /// The parameter as text; empty for none.
  public var parameter: String {
    switch self {
    case .none: ""
    case .filter(_, let size): "\(size)"
    case .gamma(let gamma): "\(gamma)"
    case .jpeg(let quality): "\(quality)"
    case .jpeg2000(let ratio): "\(ratio)"
    case .scaling(let percent): percent > 0 ? "+\(percent)" : "\(percent)"
    }
  }
}

/// An operation with a fixed parameter, or with one that is drawn for each image.
public struct OperationRule: Sendable, Equatable {
  /// As the paper writes it: `Raw`, `JP60`, `ME5`, `JP-mix`.
  public let name: String
  /// What is drawn from: one operation, or all of a kind that the paper's Table IX lists.
  public let choices: [ImageOperation]

  /// The rule of a name: a kind of `ImageOperation` with its parameter (`ME5`, `GC0.8`, `JP60`, `JP2:4`, `SC+10`, `SC-10`), or
  /// with `-mix`. Nil for others, and for parameters that the kind does not have.
  public init?(_ name: String) {
    self.name = name
    if name == "Raw" {
      choices = [.none]
    } else if name.hasSuffix("-mix"), let all = Self.mixes[String(name.dropLast(4))] {
      choices = all
    } else if let one = Self.fixed(name) {
      choices = [one]
    } else {
      return nil
    }
  }

  /// The names that there are, for a message.
  public static let help = "Raw, ME3, GB5, MED7, GC0.8, JP60, JP2:4, SC+10, SC-10 and the like, or ME-mix, JP-mix, ..."

  /// The operation of an image.
  ///
  /// - Parameter number: drawn evenly from all numbers of 64 bits.
  public func operation(_ number: UInt64) -> ImageOperation {
    choices[Int(number.multipliedFullWidth(by: UInt64(choices.count)).high)]
  }

  private static let sizes = [3, 5, 7]

  private static let mixes: [String: [ImageOperation]] = [
    "ME": sizes.map { .filter(.mean, size: $0) },
    "GB": sizes.map { .filter(.gaussian, size: $0) },
    "MED": sizes.map { .filter(.median, size: $0) },
    "GC": [0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2].map { .gamma($0) },
    "JP": (60...90).map { .jpeg(quality: $0) },
    "JP2": (20...80).map { .jpeg2000(ratio: Double($0) / 10) },
    "SC":
      ([1, 3, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90]
      + [1, 3, 5, 10, 15, 20, 25, 30, 35, 40, 45].map { -$0 }).map { .scaling(percent: $0) },
  ]

  private static func fixed(_ name: String) -> ImageOperation? {
    func rest(_ kind: String) -> String? { name.hasPrefix(kind) ? String(name.dropFirst(kind.count)) : nil }
    func size(_ text: String) -> Int? { Int(text).flatMap { sizes.contains($0) ? $0 : nil } }
    func number(_ text: String, _ range: ClosedRange<Double>) -> Double? {
      Double(text).flatMap { range.contains($0) ? $0 : nil }
    }
    if let text = rest("MED") { return size(text).map { .filter(.median, size: $0) } }
    if let text = rest("ME") { return size(text).map { .filter(.mean, size: $0) } }
    if let text = rest("GB") { return size(text).map { .filter(.gaussian, size: $0) } }
    if let text = rest("GC") { return number(text, 0.01...100).map { .gamma($0) } }
    if let text = rest("JP2:") { return number(text, 1...1000).map { .jpeg2000(ratio: $0) } }
    if let text = rest("JP") { return Int(text).flatMap { (0...100).contains($0) ? .jpeg(quality: $0) : nil } }
    if let text = rest("SC"), text.hasPrefix("+") || text.hasPrefix("-") {
      return Int(text).flatMap { (-99...900).contains($0) && $0 != 0 ? .scaling(percent: $0) : nil }
    }
    return nil
  }
}
