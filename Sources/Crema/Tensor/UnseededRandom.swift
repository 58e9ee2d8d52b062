import Synchronization

/// The numbers of the C library's `rand()` in a process that never seeds it, as glibc makes them: what Caffe shuffles HDF5 data with.
///
/// The nets of one run draw from one stream, in the order in which they come to need numbers.
public final class UnseededRandom: Sendable {
  /// The last 31 numbers of an additive generator with the distances 3 and 31; `position` is that of the oldest.
  private struct State {
    var words: [UInt32]
    var position = 3

    init() {
      var seeds: [Int64] = [1]
      while seeds.count < 31 { seeds.append(seeds[seeds.count - 1] * 16_807 % 2_147_483_647) }
      words = seeds.map { UInt32($0) }
      for _ in 0..<310 { _ = next() }
    }

    mutating func next() -> UInt32 {
      words[position] &+= words[(position + 28) % 31]
      defer { position = (position + 1) % 31 }
      return words[position] >> 1
    }
  }

  private let state = Mutex(State())

  /// A stream from its beginning.
  public init() {}

  /// The next number, of 31 bits.
  public func next() -> UInt32 { state.withLock { $0.next() } }

  /// Shuffles from the start to the end, as `std::random_shuffle` of libstdc++ does.
  func shuffle<Element>(_ elements: inout [Element]) {
    for i in elements.indices.dropFirst() {
      let j = Int(next()) % (i + 1)
      if i != j { elements.swapAt(i, j) }
    }
  }
}
