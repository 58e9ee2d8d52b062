import Prototxt

/// Reads BlobProto messages where they lie: the numbers are copied once, from the mapped file to where they are used.
enum BlobWire {
  private enum Field {
    static let data = 5, diff = 6, shape = 7, doubleData = 8, doubleDiff = 9
    static let legacy = 1...4, raw = 10...13
  }

  /// What the message in `range` says about itself.
  ///
  /// - Throws: damage, or a shape that cannot be, with the offset of the byte.
  static func blob(
    _ bytes: Span<UInt8>, _ range: Range<Int>, index: Int, file: String
  ) throws(Diagnostic) -> StoredBlob {
    var reader = WireReader(range, file: file)
    var legacy: [Int: Int] = [:], axes: [Int] = [], counts: [Int: Int] = [:], isRaw = false
    while let field = try reader.next(in: bytes) {
      switch (field.number, field.type) {
      case (Field.legacy, .varint): legacy[field.number] = Int(Int32(truncatingIfNeeded: field.value))
      case (Field.shape, .bytes): axes += try dimensions(bytes, reader.nested(field.range))
      case (Field.data...Field.diff, .bytes), (Field.doubleData...Field.doubleDiff, .bytes):
        let size = field.number < Field.doubleData ? 4 : 8
        guard field.range.count.isMultiple(of: size) else {
          throw reader.fault(
            "a blob's numbers take \(field.range.count) bytes, which is not a multiple of \(size)", at: field.start)
        }
        counts[field.number, default: 0] += field.range.count / size
      case (Field.data...Field.diff, .fixed32), (Field.doubleData...Field.doubleDiff, .fixed64):
        counts[field.number, default: 0] += 1
      case (Field.raw, _): isRaw = true
      default: break
      }
    }
    if !legacy.isEmpty { axes = Field.legacy.map { legacy[$0] ?? 0 } }
    let shape = Shape(axes)
    guard axes.allSatisfy({ $0 >= 0 }), shape.checkedCount != nil else {
      throw reader.fault("a blob has the impossible shape \(shape)", at: range.lowerBound)
    }
    func count(_ double: Int, _ single: Int) -> Int {
      let doubles = counts[double] ?? 0
      return doubles > 0 ? doubles : counts[single] ?? 0
    }
    let values = count(Field.doubleData, Field.data)
    guard values > 0 || !isRaw else {
      throw reader.fault(
        "a blob is stored as raw_data, a format of NVIDIA's Caffe that cannot be read yet; save the model there with "
          + "`store_blobs_in_old_format: true`", at: range.lowerBound)
    }
    return StoredBlob(
      index: index, shape: shape, isLegacy: !legacy.isEmpty, count: values,
      gradientCount: count(Field.doubleDiff, Field.diff), place: .bytes(range))
  }

  private static func dimensions(_ bytes: Span<UInt8>, _ reader: WireReader) throws(Diagnostic) -> [Int] {
    var reader = reader
    var axes: [Int] = []
    while let field = try reader.next(in: bytes) {
      guard field.number == 1 else { continue }
      if field.type == .varint { axes.append(Int(Int64(bitPattern: field.value))) }
      guard field.type == .bytes else { continue }
      var run = reader.nested(field.range)
      while !run.isAtEnd { axes.append(Int(Int64(bitPattern: try run.varint(in: bytes)))) }
    }
    return axes
  }

  /// Where the numbers are, if they are one packed run of floats; nil if they are stored in any other way.
  static func singleRun(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ part: StoredBlob.Part, file: String
  ) throws(Diagnostic) -> Range<Int>? {
    let (single, double) = part == .values ? (Field.data, Field.doubleData) : (Field.diff, Field.doubleDiff)
    var reader = WireReader(range, file: file)
    var run: Range<Int>?
    while let field = try reader.next(in: bytes) {
      guard field.number == single || field.number == double else { continue }
      guard run == nil, field.number == single, field.type == .bytes else { return nil }
      run = field.range
    }
    return run
  }

  /// Copies the numbers of the message in `range`, of which there must be as many as the tensor has elements.
  static func copy(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ part: StoredBlob.Part, into tensor: Tensor, file: String
  ) throws(Diagnostic) {
    let (single, double) = part == .values ? (Field.data, Field.doubleData) : (Field.diff, Field.doubleDiff)
    let target = Target(tensor)
    for number in [double, single] {
      var reader = WireReader(range, file: file)
      while let field = try reader.next(in: bytes) {
        guard field.number == number else { continue }
        switch field.type {
        case .bytes where number == single: target.append(floats: bytes, field.range)
        case .bytes: target.append(doubles: bytes, field.range)
        case .fixed32 where number == single: target.append(floats: bytes, field.range)
        case .fixed64 where number == double: target.append(doubles: bytes, field.range)
        default: break
        }
      }
      if target.count > 0 { break }
    }
    guard target.count == tensor.count else {
      throw WireReader(range, file: file).fault(
        "a blob holds \(target.count) numbers, but \(tensor.count) are wanted", at: range.lowerBound)
    }
  }

  /// Memory that is filled from its start; what is too much is counted and dropped.
  @safe
  private final class Target {
    private let tensor: Tensor
    private(set) var count = 0

    init(_ tensor: Tensor) { self.tensor = tensor }

    func append(floats bytes: Span<UInt8>, _ range: Range<Int>) {
      let fitting = min(range.count / 4, tensor.count - min(count, tensor.count))
      unsafe tensor.withMemory { numbers in
        guard fitting > 0, let start = numbers.baseAddress else { return }
        unsafe bytes.withUnsafeBytes { source in
          guard let from = source.baseAddress else { return }
          unsafe UnsafeMutableRawPointer(start + count).copyMemory(
            from: from + range.lowerBound, byteCount: 4 * fitting)
        }
      }
      count += range.count / 4
    }

    func append(doubles bytes: Span<UInt8>, _ range: Range<Int>) {
      let fitting = min(range.count / 8, tensor.count - min(count, tensor.count))
      unsafe tensor.withMemory { numbers in
        unsafe bytes.withUnsafeBytes { source in
          for i in 0..<fitting {
            let double = unsafe source.loadUnaligned(fromByteOffset: range.lowerBound + 8 * i, as: Double.self)
            unsafe numbers[count + i] = Float(double)
          }
        }
      }
      count += range.count / 8
    }
  }
}
