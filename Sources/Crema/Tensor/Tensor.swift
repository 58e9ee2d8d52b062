/// A block of `Float`s with a shape: memory of its own, or a view of another tensor's.
///
/// Tensors are references: the net owns the memory, layers are lent it for one pass.
@safe public final class Tensor {
  /// The axes.
  public let shape: Shape
  /// The number of elements.
  public let count: Int
  /// The first element; good as long as the tensor.
  package let base: UnsafeMutablePointer<Float>
  private let storage: Storage

  /// Cache-line aligned memory, filled with zeros.
  public init(_ shape: Shape) {
    self.shape = shape
    count = shape.count
    storage = Storage(count: count)
    unsafe base = storage.base
  }

  /// A tensor that holds `values`, in C order; there must be as many as the shape has elements.
  public convenience init(_ shape: Shape, _ values: [Float]) {
    precondition(values.count == shape.count, "\(values.count) values for the shape \(shape)")
    self.init(shape)
    write { numbers in for i in values.indices { numbers[i] = values[i] } }
  }

  private init(_ shape: Shape, _ other: Tensor, from start: Int) {
    precondition(start >= 0 && start + shape.count <= other.count)
    self.shape = shape
    count = shape.count
    storage = other.storage
    unsafe base = other.base + start
  }

  private init(_ shape: Shape, sharing other: Tensor) {
    self.shape = shape
    count = shape.count
    storage = other.storage
    unsafe base = other.base
  }

  /// Some of the images: the same memory, a shorter first axis.
  public func images(_ range: Range<Int>) -> Tensor {
    Tensor(shape.images(range.count), self, from: range.lowerBound * shape.count(from: 1))
  }

  /// The same memory from `start` on, under another shape.
  public func view(_ shape: Shape, from start: Int = 0) -> Tensor { Tensor(shape, self, from: start) }

  /// A tensor of another shape: this memory as far as it reaches, even beyond this tensor's end, or else fresh zeros.
  package func reshaped(_ shape: Shape) -> Tensor {
    let room = unsafe storage.count - (base - storage.base)
    return shape.count <= room ? Tensor(shape, sharing: self) : Tensor(shape)
  }

  /// Whether the two tensors begin at the same place in memory.
  package func isSame(as other: Tensor) -> Bool { unsafe base == other.base }

  /// Tells those who hold something made of this memory's numbers that they have changed: see `stamp`.
  package func noteChange() { storage.changes += 1 }

  /// Whoever has this tensor may change its numbers at any time from now on, without a note.
  package func lendForGood() { storage.isLentForGood = true }

  /// A number that is another one after each noted change; `nil` if not every change is noted.
  package var stamp: Int? { storage.isLentForGood ? nil : storage.changes }

  /// All elements, in C order.
  public var values: [Float] {
    unsafe Array(UnsafeBufferPointer(start: base, count: count))
  }

  /// Lends the numbers for reading.
  @inline(__always)
  public func read<R>(_ body: (Span<Float>) -> R) -> R {
    unsafe body(Span(_unsafeStart: base, count: count))
  }

  /// Lends the numbers for writing.
  @inline(__always)
  public func write<R>(_ body: (inout MutableSpan<Float>) -> R) -> R {
    var span = unsafe MutableSpan(_unsafeStart: base, count: count)
    return body(&span)
  }

  /// Lends the numbers for writing, while reading those of another tensor.
  @inline(__always)
  public func write<R>(reading x: Tensor, _ body: (Span<Float>, inout MutableSpan<Float>) -> R) -> R {
    unsafe precondition(x.base != base || count == 0, "a kernel over spans cannot work in place")
    return x.read { x in write { y in body(x, &y) } }
  }

  /// Lends the numbers for writing, while reading those of two other tensors.
  @inline(__always)
  public func write<R>(
    reading a: Tensor, _ b: Tensor, _ body: (Span<Float>, Span<Float>, inout MutableSpan<Float>) -> R
  ) -> R {
    a.read { a in write(reading: b) { b, y in body(a, b, &y) } }
  }

  /// Lends the memory to code that calls C: the pointer is good until `body` returns.
  package func withMemory<R, E: Error>(_ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R) throws(E) -> R {
    try unsafe body(UnsafeMutableBufferPointer(start: base, count: count))
  }

  @safe private final class Storage {
    let count: Int
    let base: UnsafeMutablePointer<Float>
    private let pages: ZeroPages
    var changes = 0
    var isLentForGood = false

    init(count: Int) {
      let pages = ZeroPages(bytes: max(count, 1) * MemoryLayout<Float>.stride)
      (self.count, self.pages) = (count, pages)
      unsafe base = pages.start.assumingMemoryBound(to: Float.self)
    }
  }
}

/// A value and its gradient.
public struct Blob {
  /// The numbers.
  public let data: Tensor
  /// The derivative of the loss by each of them.
  public let gradient: Tensor
  /// The axes of both.
  public var shape: Shape { data.shape }

  /// A blob of two tensors of one shape.
  public init(_ data: Tensor, gradient: Tensor) { (self.data, self.gradient) = (data, gradient) }

  /// Fresh memory, filled with zeros.
  package init(_ shape: Shape) { self.init(Tensor(shape), gradient: Tensor(shape)) }

  /// Some of the images.
  package func images(_ range: Range<Int>) -> Blob {
    Blob(data.images(range), gradient: gradient.images(range))
  }
}
