import Prototxt

/// A mean image: what is subtracted from every image.
public struct MeanImage: Sendable {
  /// The number of planes.
  public let channels: Int
  /// The number of rows.
  public let height: Int
  /// The number of columns.
  public let width: Int
  /// Plane after plane, row after row.
  public let values: [Float]

  /// An image of these values, whose count must be `channels` x `height` x `width`.
  init(channels: Int, height: Int, width: Int, values: [Float]) {
    precondition(values.count == channels * height * width)
    (self.channels, self.height, self.width, self.values) = (channels, height, width, values)
  }

  var sizes: String { "\(channels)x\(height)x\(width)" }

  /// Reads a BlobProto of 1 x channels x height x width (or without the 1), such as `compute_image_mean` writes.
  init(contentsOf path: String) throws(Diagnostic) {
    let file = try MappedFile(path)
    do throws(Diagnostic) {
      self = try file.withBytes { bytes throws(Diagnostic) in try MeanImage(bytes, file: path) }
    } catch {
      throw Diagnostic(
        "the mean file '\(path)' cannot be used: \(error.message); copy it again, or compute it anew from the database")
    }
  }

  private init(_ bytes: Span<UInt8>, file: String) throws(Diagnostic) {
    var reader = WireReader(0..<bytes.count)
    var legacy = [0, 0, 0, 0]
    var axes: [Int]?
    var values: [Float] = []
    while let field = try reader.next(in: bytes) {
      switch (field.number, field.type) {
      case (1...4, .varint): legacy[field.number - 1] = Int(Int32(truncatingIfNeeded: field.value))
      case (5, _), (8, _): try MeanImage.append(field, reader, bytes, to: &values)
      case (7, .bytes): axes = try MeanImage.axes(reader.nested(field.range), bytes)
      default: break
      }
    }
    let shape = axes ?? legacy
    guard shape.count == 3 || shape.count == 4 && shape[0] == 1, shape.allSatisfy({ (1...1 << 20).contains($0) }) else {
      throw Diagnostic("its shape is \(Shape(shape)); 1 x channels x height x width is wanted")
    }
    guard let count = Shape(shape).checkedCount, count == values.count else {
      throw Diagnostic("it holds \(values.count) numbers, but its shape is \(Shape(shape))")
    }
    let sizes = shape.suffix(3)
    (channels, height, width) = (sizes[sizes.startIndex], sizes[sizes.startIndex + 1], sizes[sizes.startIndex + 2])
    self.values = values
  }

  /// Adds the numbers of a field of floats (5) or doubles (8), packed or not.
  private static func append(
    _ field: WireField, _ reader: WireReader, _ bytes: Span<UInt8>, to values: inout [Float]
  ) throws(Diagnostic) {
    let width = field.number == 5 ? 4 : 8
    var run = reader.nested(field.range)
    guard field.range.count % width == 0, field.type != .varint else {
      throw reader.fault("its numbers have \(field.range.count) bytes", at: field.start)
    }
    values.reserveCapacity(values.count + field.range.count / width)
    while !run.isAtEnd {
      let bits = try run.fixed(width, in: bytes)
      values.append(
        width == 4 ? Float(bitPattern: UInt32(truncatingIfNeeded: bits)) : Float(Double(bitPattern: bits)))
    }
  }

  private static func axes(_ shape: WireReader, _ bytes: Span<UInt8>) throws(Diagnostic) -> [Int] {
    var shape = shape
    var axes: [Int] = []
    while let field = try shape.next(in: bytes) {
      guard field.number == 1 else { continue }
      if field.type == .varint { axes.append(Int(truncatingIfNeeded: field.value)) }
      guard field.type == .bytes else { continue }
      var run = shape.nested(field.range)
      while !run.isAtEnd { axes.append(Int(truncatingIfNeeded: try run.varint(in: bytes))) }
    }
    return axes
  }
}
