extension Tensor {
  /// `self[start + i] = f(a[first + i], b[second + i])` for `count` indices. `a` and `b` may be `self`.
  @inline(__always)
  package func assign(
    _ count: Int, at start: Int, _ a: Tensor, from first: Int, _ b: Tensor, from second: Int,
    _ f: (Float, Float) -> Float
  ) {
    precondition(min(start, first, second) >= 0)
    precondition(start + count <= self.count && first + count <= a.count && second + count <= b.count)
    let (a, b, y) = unsafe (a.base + first, b.base + second, base + start)
    for i in 0..<count { unsafe y[i] = f(a[i], b[i]) }
  }

  /// A matrix, turned: `self[start + r * stride + c] = x[other + c * step + r]` for all rows `r` and columns `c`.
  package func turn(
    _ rows: Int, _ columns: Int, at start: Int, stride: Int, of x: Tensor, from other: Int, stride step: Int
  ) {
    guard rows > 0, columns > 0 else { return }
    precondition(start >= 0 && other >= 0 && columns <= stride && rows <= step)
    precondition(start + (rows - 1) * stride + columns <= count && other + (columns - 1) * step + rows <= x.count)
    let (x, y) = unsafe (x.base + other, base + start)
    let wholeRows = rows / 16 * 16, wholeColumns = columns / 8 * 8
    for r in Swift.stride(from: 0, to: wholeRows, by: 16) {
      for c in Swift.stride(from: 0, to: wholeColumns, by: 8) {
        for i in Swift.stride(from: r, to: r + 16, by: 4) {
          unsafe Tensor.turn(x + c * step + i, step, y + i * stride + c, stride)
          unsafe Tensor.turn(x + (c + 4) * step + i, step, y + i * stride + c + 4, stride)
        }
      }
      for i in r..<r + 16 {
        for c in wholeColumns..<columns { unsafe y[i * stride + c] = x[c * step + i] }
      }
    }
    for r in wholeRows..<rows {
      for c in 0..<columns { unsafe y[r * stride + c] = x[c * step + r] }
    }
  }

  /// A block of four by four.
  @inline(__always)
  private static func turn(
    _ x: UnsafePointer<Float>, _ step: Int, _ y: UnsafeMutablePointer<Float>, _ stride: Int
  ) {
    let x = unsafe UnsafeRawPointer(x), y = UnsafeMutableRawPointer(y)
    let (source, target) = (step * MemoryLayout<Float>.stride, stride * MemoryLayout<Float>.stride)
    let a = unsafe x.loadUnaligned(as: SIMD4<Float>.self)
    let b = unsafe x.loadUnaligned(fromByteOffset: source, as: SIMD4<Float>.self)
    let c = unsafe x.loadUnaligned(fromByteOffset: 2 * source, as: SIMD4<Float>.self)
    let d = unsafe x.loadUnaligned(fromByteOffset: 3 * source, as: SIMD4<Float>.self)
    unsafe y.storeBytes(of: SIMD4(a.x, b.x, c.x, d.x), as: SIMD4<Float>.self)
    unsafe y.storeBytes(of: SIMD4(a.y, b.y, c.y, d.y), toByteOffset: target, as: SIMD4<Float>.self)
    unsafe y.storeBytes(of: SIMD4(a.z, b.z, c.z, d.z), toByteOffset: 2 * target, as: SIMD4<Float>.self)
    unsafe y.storeBytes(of: SIMD4(a.w, b.w, c.w, d.w), toByteOffset: 3 * target, as: SIMD4<Float>.self)
  }
}
