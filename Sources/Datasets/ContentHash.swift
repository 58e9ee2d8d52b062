/// Numbers that depend on bytes only: the same on every machine and in every order of work.
public enum ContentHash {
  /// A number for a sequence of bytes (FNV-1a, 64 bits, mixed at the end so that all bits depend on all bytes).
  public static func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
    mixed(bytes.reduce(start, step))
  }

  /// A number for bytes in memory, in a quarter of the time: four numbers of every fourth byte by the way above, and that of these.
  public static func number(_ bytes: Span<UInt8>) -> UInt64 {
    let quarter = bytes.count / 4
    var (a, b, c, d) = (start, start, start, start)
    for index in 0..<quarter {
      let four = unsafe UInt32(
        littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
      a = step(a, UInt8(truncatingIfNeeded: four))
      b = step(b, UInt8(truncatingIfNeeded: four >> 8))
      c = step(c, UInt8(truncatingIfNeeded: four >> 16))
      d = step(d, UInt8(truncatingIfNeeded: four >> 24))
    }
    for index in 4 * quarter..<bytes.count { a = step(a, bytes[index]) }
    return [b, c, d].reduce(mixed(a)) { mixed(($0 ^ $1) &* prime) }
  }

  private static let start: UInt64 = 0xcbf2_9ce4_8422_2325, prime: UInt64 = 0x0000_0100_0000_01b3

  private static func step(_ value: UInt64, _ byte: UInt8) -> UInt64 { (value ^ UInt64(byte)) &* prime }

  /// A number for a number and a purpose: the next one of a stream that starts there (SplitMix64).
  public static func number(_ seed: UInt64, _ purpose: UInt64) -> UInt64 {
    mixed(seed &+ 0x9e37_79b9_7f4a_7c15 &* (purpose &+ 1))
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var value = value
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}

/// The three parts of a dataset.
public enum DatasetPart: String, CaseIterable, Sendable, Codable {
  case train
  case val
  case test
}

/// How images are divided.
public struct DatasetSplit: Sendable, Equatable {
  /// The shares of train, val and test, in that order; none negative, not all zero.
  public let shares: [Double]

  /// The paper's: 75 % to train, 5 % to validate, 20 % to test.
  public static let paper = DatasetSplit(shares: [75, 5, 20])

  private init(shares: [Double]) { self.shares = shares }

  /// Three shares separated by commas, such as `75,5,20`. Nil for others.
  public init?(_ text: String) {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    let shares = words.compactMap { Double($0) }
    guard words.count == 3, shares.count == 3, shares.allSatisfy({ $0 >= 0 && $0.isFinite }),
      shares.contains(where: { $0 > 0 })
    else { return nil }
    self.shares = shares
  }

  /// The part of a group of images, by the number of its name or content.
  public func part(_ number: UInt64) -> DatasetPart {
    let place = Double(number >> 11) / Double(1 << 53) * shares.reduce(0, +)
    var end = 0.0, last = DatasetPart.test
    for (part, share) in zip(DatasetPart.allCases, shares) where share > 0 {
      (end, last) = (end + share, part)
      if place < end { return part }
    }
    return last
  }
}
