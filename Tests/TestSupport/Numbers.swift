import Crema

/// Numbers from a small generator, the same in every run.
package struct Numbers {
  private var state: UInt64

  package init(_ seed: UInt64 = 1) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  /// A number of -1..<1.
  package mutating func next() -> Float {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(Int32(truncatingIfNeeded: state >> 33) - 0x4000_0000) / 0x4000_0000
  }

  /// Fills a tensor with numbers of -1..<1.
  package mutating func fill(_ tensor: Tensor) {
    tensor.write { x in for i in 0..<x.count { x[i] = next() } }
  }
}

/// How far a number may be from the expected one.
package struct Tolerance: Sendable {
  package let absolute: Float, relative: Float
  package init(absolute: Float, relative: Float) { (self.absolute, self.relative) = (absolute, relative) }

  /// Rounding of sums that are taken in another order: forward passes.
  package static let forward = Tolerance(absolute: 1e-5, relative: 1e-4)
  /// The same for sums of larger and more terms: backward passes.
  package static let backward = Tolerance(absolute: 1e-4, relative: 1e-3)

  package func accepts(_ value: Float, _ expected: Float) -> Bool {
    value == expected || abs(value - expected) <= absolute + relative * abs(expected)
  }
}

/// Where two lists of numbers differ; `nil` if they agree.
package func difference(_ found: Tensor, _ expected: Tensor, _ tolerance: Tolerance, what: String) -> String? {
  guard found.shape == expected.shape else {
    return "\(what): has the shape \(found.shape), and \(expected.shape) is expected"
  }
  let (a, b) = (found.values, expected.values)
  let bad = a.indices.filter { !tolerance.accepts(a[$0], b[$0]) }
  guard let first = bad.first else { return nil }
  return "\(what): \(bad.count) of \(a.count) numbers are wrong, first at \(first): \(a[first]), expected \(b[first])"
}
