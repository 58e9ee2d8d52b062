extension Tensor {
  /// `self[i] = f(x[i])` for every index in the range. `x` may be `self`.
  @inline(__always)
  package func assign(_ range: Range<Int>, _ x: Tensor, _ f: (Float) -> Float) {
    precondition(range.lowerBound >= 0 && range.upperBound <= min(count, x.count))
    let (x, y) = unsafe (x.base, base)
    for i in range { unsafe y[i] = f(x[i]) }
  }

  /// `self[i] = f(a[i], b[i])` for every index in the range. `a` and `b` may be `self`.
  @inline(__always)
  package func assign(_ range: Range<Int>, _ a: Tensor, _ b: Tensor, _ f: (Float, Float) -> Float) {
    precondition(range.lowerBound >= 0 && range.upperBound <= min(count, a.count, b.count))
    let (a, b, y) = unsafe (a.base, b.base, base)
    for i in range { unsafe y[i] = f(a[i], b[i]) }
  }
}

extension Tensor {
  /// `count` elements from `start` on become `value`.
  @inline(__always)
  package func fill(_ value: Float, _ count: Int, at start: Int) {
    precondition(start >= 0 && start + count <= self.count)
    unsafe (base + start).update(repeating: value, count: count)
  }
}
