import CKernels

extension Tensor {
  /// `self[i] = f(x[i])`. `x` may be `self`.
  @inline(__always)
  package func assign(_ x: Tensor, _ f: (Float) -> Float) {
    precondition(x.count == count)
    let (x, y) = unsafe (x.base, base)
    for i in 0..<count { unsafe y[i] = f(x[i]) }
  }

  /// `self[i] = f(a[i], b[i])`. `a` and `b` may be `self`.
  @inline(__always)
  package func assign(_ a: Tensor, _ b: Tensor, _ f: (Float, Float) -> Float) {
    precondition(a.count == count && b.count == count)
    let (a, b, y) = unsafe (a.base, b.base, base)
    for i in 0..<count { unsafe y[i] = f(a[i], b[i]) }
  }

  /// `self[i] = f(a[i], b[i], c[i])`. `a`, `b` and `c` may be `self`.
  @inline(__always)
  package func assign(_ a: Tensor, _ b: Tensor, _ c: Tensor, _ f: (Float, Float, Float) -> Float) {
    precondition(a.count == count && b.count == count && c.count == count)
    let (a, b, c, y) = unsafe (a.base, b.base, c.base, base)
    for i in 0..<count { unsafe y[i] = f(a[i], b[i], c[i]) }
  }

  /// `(self[i], b[i]) = f(self[i], b[i])`.
  @inline(__always)
  package func update(with b: Tensor, _ f: (Float, Float) -> (Float, Float)) {
    precondition(b.count == count)
    let (x, y) = unsafe (base, b.base)
    for i in 0..<count { unsafe (x[i], y[i]) = f(x[i], y[i]) }
  }

  /// `(self[i], b[i], c[i]) = f(self[i], b[i], c[i])`.
  @inline(__always)
  package func update(with b: Tensor, _ c: Tensor, _ f: (Float, Float, Float) -> (Float, Float, Float)) {
    precondition(b.count == count && c.count == count)
    let (x, y, z) = unsafe (base, b.base, c.base)
    for i in 0..<count { unsafe (x[i], y[i], z[i]) = f(x[i], y[i], z[i]) }
  }

  /// Every element becomes `value`.
  package func fill(_ value: Float) { unsafe base.update(repeating: value, count: count) }

  /// Every element becomes zero.
  package func clear() { fill(0) }

  /// `count` elements from `start` on become zero.
  @inline(__always)
  package func clear(_ count: Int, at start: Int) {
    precondition(start >= 0 && start + count <= self.count)
    unsafe (base + start).update(repeating: 0, count: count)
  }

  /// `self = x`, element by element; nothing if both are the same memory.
  package func copy(_ x: Tensor) {
    precondition(x.count == count)
    if !isSame(as: x) { unsafe base.update(from: x.base, count: count) }
  }

  /// `self = x`, element by element; there must be as many.
  package func copy(_ x: [Float]) {
    precondition(x.count == count)
    unsafe x.withUnsafeBufferPointer { x in
      if let start = x.baseAddress { unsafe base.update(from: start, count: count) }
    }
  }

  /// `self[start + i] = x[other + i * stride]`.
  @inline(__always)
  package func copy(_ count: Int, at start: Int, of x: Tensor, from other: Int, stride: Int = 1) {
    precondition(start >= 0 && other >= 0 && start + count <= self.count)
    precondition(count == 0 || other + (count - 1) * stride < x.count)
    let (x, y) = unsafe (x.base + other, base + start)
    if stride == 1 { return unsafe y.update(from: x, count: count) }
    for i in 0..<count { unsafe y[i] = x[i * stride] }
  }

  /// `self[start + i * stride] += x[other + i]`.
  @inline(__always)
  package func add(_ count: Int, at start: Int = 0, stride: Int = 1, of x: Tensor, from other: Int = 0) {
    precondition(start >= 0 && other >= 0 && other + count <= x.count)
    precondition(count == 0 || start + (count - 1) * stride < self.count)
    let (x, y) = unsafe (x.base + other, base + start)
    if stride == 1 {
      for i in 0..<count { unsafe y[i] += x[i] }
    } else {
      for i in 0..<count { unsafe y[i * stride] += x[i] }
    }
  }

  /// `self += x`.
  package func add(_ x: Tensor) { add(count, of: x) }

  /// `self += factor * x`, with one rounding where the processor has fused multiply-adds, as BLAS does it.
  package func add(_ x: Tensor, times factor: Float) {
    precondition(x.count == count)
    guard let set = unsafe CKernels.kernels() else { return }
    unsafe set.pointee.axpy(factor, x.base, base, CInt(count))
  }

  /// `self *= factor`.
  package func scale(by factor: Float) { assign(self) { $0 * factor } }

  /// The sum of products with another tensor, in blocks of eight.
  package func dot(_ other: Tensor) -> Float {
    read { a in other.read { b in Crema.dot(a, b, at: 0, a.count) } }
  }
}

/// The sum of `count` numbers, in eight interleaved sums so that it may use vectors.
package func sum(_ x: Span<Float>, at start: Int, _ count: Int) -> Float {
  var sums = SIMD8<Float>(repeating: 0), total: Float = 0, i = start
  while i + 8 <= start + count {
    sums += SIMD8(x[i], x[i + 1], x[i + 2], x[i + 3], x[i + 4], x[i + 5], x[i + 6], x[i + 7])
    i += 8
  }
  while i < start + count {
    total += x[i]
    i += 1
  }
  return total + sums.sum()
}

/// The sum of `count` products of numbers at the same places.
package func dot(_ x: Span<Float>, _ y: Span<Float>, at start: Int, _ count: Int) -> Float {
  var sums = SIMD8<Float>(repeating: 0), total: Float = 0, i = start
  while i + 8 <= start + count {
    sums +=
      SIMD8(x[i], x[i + 1], x[i + 2], x[i + 3], x[i + 4], x[i + 5], x[i + 6], x[i + 7])
      * SIMD8(y[i], y[i + 1], y[i + 2], y[i + 3], y[i + 4], y[i + 5], y[i + 6], y[i + 7])
    i += 8
  }
  while i < start + count {
    total += x[i] * y[i]
    i += 1
  }
  return total + sums.sum()
}

/// The sum of `count` squared differences from `mean`.
package func deviation(_ x: Span<Float>, from mean: Float, at start: Int, _ count: Int) -> Float {
  var sums = SIMD8<Float>(repeating: 0), total: Float = 0, i = start
  while i + 8 <= start + count {
    let d = SIMD8(x[i], x[i + 1], x[i + 2], x[i + 3], x[i + 4], x[i + 5], x[i + 6], x[i + 7]) - mean
    sums += d * d
    i += 8
  }
  while i < start + count {
    total += (x[i] - mean) * (x[i] - mean)
    i += 1
  }
  return total + sums.sum()
}

extension Tensor {
  /// The sum of absolute values.
  package var absoluteSum: Float {
    read { x in
      var total = 0.0
      for i in 0..<x.count { total += Double(abs(x[i])) }
      return Float(total)
    }
  }
}
