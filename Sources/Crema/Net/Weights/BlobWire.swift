import Prototxt

/// Reads BlobProto messages where they lie: the numbers are copied once, from the mapped file to where they are used.
enum BlobWire {
  private enum Field {
    static let data = 5, diff = 6, shape = 7, doubleData = 8, doubleDiff = 9
    static let legacy = 1...4
    static let rawDataType = 10, rawDiffType = 11, rawData = 12, rawDiff = 13
  }

  /// What the message in `range` says about itself.
  ///
  /// - Throws: damage, or a shape that cannot be, with the offset of the byte.
  static func blob(
    _ bytes: Span<UInt8>, _ range: Range<Int>, index: Int, file: String
  ) throws(Diagnostic) -> StoredBlob {
    var reader = WireReader(range, file: file)
    var legacy: [Int: Int] = [:], axes: [Int] = [], counts: [Int: Int] = [:], raw = RawNumbers()
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
      case (Field.rawDataType...Field.rawDiff, _): raw.note(field)
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
    var values = count(Field.doubleData, Field.data), gradients = count(Field.doubleDiff, Field.diff)
    if values == 0 { values = try raw.count(.values, reader) }
    if gradients == 0 { gradients = try raw.count(.gradients, reader) }
    return StoredBlob(
      index: index, shape: shape, isLegacy: !legacy.isEmpty, count: values, gradientCount: gradients,
      place: .bytes(range))
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
    if target.count == 0 { try appendRaw(bytes, range, part, to: target, file: file) }
    guard target.count == tensor.count else {
      throw WireReader(range, file: file).fault(
        "a blob holds \(target.count) numbers, but \(tensor.count) are wanted", at: range.lowerBound)
    }
  }

  /// Copies the numbers of a blob that NVIDIA's Caffe has stored as bytes of one type.
  private static func appendRaw(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ part: StoredBlob.Part, to target: Target, file: String
  ) throws(Diagnostic) {
    var reader = WireReader(range, file: file), raw = RawNumbers()
    while let field = try reader.next(in: bytes) {
      if (Field.rawDataType...Field.rawDiff).contains(field.number) { raw.note(field) }
    }
    guard let run = part == .values ? raw.data : raw.diff else { return }
    switch try raw.size(part, reader) {
    case 8: target.append(doubles: bytes, run)
    case 4: target.append(floats: bytes, run)
    default: target.append(halves: bytes, run)
    }
  }

  /// The bytes of `raw_data` and `raw_diff`, and the types of their numbers.
  private struct RawNumbers {
    private(set) var data: Range<Int>?
    private(set) var diff: Range<Int>?
    private var dataType: UInt64?, diffType: UInt64?

    mutating func note(_ field: WireField) {
      switch (field.number, field.type) {
      case (Field.rawDataType, .varint): dataType = field.value
      case (Field.rawDiffType, .varint): diffType = field.value
      case (Field.rawData, .bytes): data = field.range
      case (Field.rawDiff, .bytes): diff = field.range
      default: break
      }
    }

    /// The bytes of a number: 8, 4 or 2.
    func size(_ part: StoredBlob.Part, _ reader: WireReader) throws(Diagnostic) -> Int {
      let (run, type) = part == .values ? (data, dataType) : (diff, diffType), names = ["DOUBLE", "FLOAT", "FLOAT16"]
      guard let type, type < 3 else {
        throw reader.fault(
          "a blob is stored as raw numbers of the type \(type.map(String.init) ?? "that is missing"); "
            + "\(names.joined(separator: ", ")) are known", at: run?.lowerBound ?? 0)
      }
      return [8, 4, 2][Int(type)]
    }

    func count(_ part: StoredBlob.Part, _ reader: WireReader) throws(Diagnostic) -> Int {
      guard let run = part == .values ? data : diff, !run.isEmpty else { return 0 }
      let size = try size(part, reader)
      guard run.count.isMultiple(of: size) else {
        throw reader.fault(
          "a blob's raw numbers take \(run.count) bytes, which is not a multiple of \(size)", at: run.lowerBound)
      }
      return run.count / size
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

    func append(halves bytes: Span<UInt8>, _ range: Range<Int>) {
      let fitting = min(range.count / 2, tensor.count - min(count, tensor.count))
      unsafe tensor.withMemory { numbers in
        unsafe bytes.withUnsafeBytes { source in
          for i in 0..<fitting {
            let half = unsafe source.loadUnaligned(fromByteOffset: range.lowerBound + 2 * i, as: Float16.self)
            unsafe numbers[count + i] = Float(half)
          }
        }
      }
      count += range.count / 2
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
