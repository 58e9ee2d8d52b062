import CKernels
import COpenBLAS

/// A row-major matrix that starts at index `offset` of a span, perhaps with longer rows than it uses.
package struct Matrix {
  var rows: Int, columns: Int, offset: Int, stride: Int
  var transposed = false

  /// A matrix whose rows begin `stride` apart; without it one behind the other.
  package init(_ rows: Int, _ columns: Int, at offset: Int = 0, stride: Int? = nil) {
    (self.rows, self.columns, self.offset, self.stride) = (rows, columns, offset, stride ?? columns)
  }

  /// The transpose: the same numbers, read the other way.
  package var turned: Matrix {
    var other = self
    other.transposed.toggle()
    return other
  }

  /// The index behind the last number that it uses.
  package var end: Int { rows == 0 || columns == 0 ? 0 : offset + (rows - 1) * stride + columns }
  fileprivate var operation: CBLAS_TRANSPOSE { transposed ? CblasTrans : CblasNoTrans }
  /// From a number to those of the next row and of the next column.
  fileprivate var steps: (Int, Int) { transposed ? (1, stride) : (stride, 1) }
  fileprivate var size: (Int, Int) { transposed ? (columns, rows) : (rows, columns) }
}

/// The kernel for a product of these sizes, if BLAS is slower.
private func matrixKernel(_ m: Int, _ n: Int, _ k: Int, beta: Float) -> (
  (UnsafePointer<MatrixProduct>?, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?) -> Void
)? {
  guard n >= 32, m >= 8, k >= 16, m * n * k >= 1 << 20, beta == 0 || beta == 1 else { return nil }
  return unsafe kernels()?.pointee.matrix
}

/// `c = a · b + beta · c`, by one call of a kernel or of BLAS on this thread.
package func gemm(
  _ a: Span<Float>, _ am: Matrix, _ b: Span<Float>, _ bm: Matrix, beta: Float = 0,
  into c: inout MutableSpan<Float>, _ cm: Matrix
) {
  let (m, k) = am.size
  let (kb, n) = bm.size
  precondition(k == kb && cm.rows == m && cm.columns == n, "gemm: \(m)x\(k) times \(kb)x\(n)")
  precondition(am.end <= a.count && bm.end <= b.count && cm.end <= c.count)
  guard m > 0, n > 0 else { return }
  unsafe a.withUnsafeBufferPointer { a in
    unsafe b.withUnsafeBufferPointer { b in
      unsafe c.withUnsafeMutableBufferPointer { c in
        guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
        if let kernel = unsafe matrixKernel(m, n, k, beta: beta) {
          var sizes = MatrixProduct(
            m: CInt(m), n: CInt(n), k: CInt(k), adds: beta == 0 ? 0 : 1, ai: am.steps.0, ak: am.steps.1,
            bk: bm.steps.0, bj: bm.steps.1, ci: cm.stride)
          return unsafe kernel(&sizes, a + am.offset, b + bm.offset, c + cm.offset)
        }
        unsafe cblas_sgemm(
          CblasRowMajor, am.operation, bm.operation, CInt(m), CInt(n), CInt(k), 1,
          a + am.offset, CInt(max(am.stride, 1)), b + bm.offset, CInt(max(bm.stride, 1)), beta,
          c + cm.offset, CInt(max(cm.stride, 1)))
      }
    }
  }
}

/// Layers are called from many threads: each call of BLAS computes on its own thread.
package func useOneThreadForBLAS() { openblas_set_num_threads(1) }

/// The kernels that BLAS chose for this machine, such as `Haswell`.
package var nameOfBLASKernels: String {
  guard let name = unsafe openblas_get_corename() else { return "unknown" }
  return unsafe String(cString: name)
}
