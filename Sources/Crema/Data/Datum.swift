import Images
import Prototxt

/// What a record says of its image, and where in the record its values are: nothing is copied.
package struct Datum: Sendable, Equatable {
  /// The number of planes; 0 in an encoded record that does not say.
  package private(set) var channels = 0
  /// The number of rows.
  package private(set) var height = 0
  /// The number of columns.
  package private(set) var width = 0
  /// The class.
  package private(set) var label: Int32 = 0
  /// Whether the bytes are an image file.
  package private(set) var isEncoded = false
  /// The bytes: planes of 8-bit values, or an image file.
  package private(set) var bytes = 0..<0
  /// How many values there are in `float_data`, which count if there are no bytes.
  package private(set) var floatCount = 0

  /// Whether the values are bytes.
  package var hasBytes: Bool { !bytes.isEmpty }

  /// Reads the fields of a record.
  ///
  /// - Throws: what is wrong with it, and what to do; whoever has the key adds it.
  package init(_ record: Span<UInt8>) throws(Diagnostic) {
    do throws(Diagnostic) { try read(record) } catch { throw Datum.damaged(error.message) }
  }

  private static func damaged(_ message: String) -> Diagnostic {
    Diagnostic("\(message); it is no Datum, or damaged: build the database anew")
  }

  private mutating func read(_ record: Span<UInt8>) throws(Diagnostic) {
    var reader = WireReader(0..<record.count)
    while let field = try reader.next(in: record) {
      switch (field.number, field.type) {
      case (1, .varint): channels = Datum.int(field)
      case (2, .varint): height = Datum.int(field)
      case (3, .varint): width = Datum.int(field)
      case (4, .bytes): bytes = field.range
      case (5, .varint): label = Int32(truncatingIfNeeded: field.value)
      case (6, .fixed32): floatCount += 1
      case (6, .bytes):
        guard field.range.count % 4 == 0 else {
          throw reader.fault("float_data has \(field.range.count) bytes, which is no multiple of 4", at: field.start)
        }
        floatCount += field.range.count / 4
      case (7, .varint): isEncoded = field.value != 0
      case (1...7, _):
        throw reader.fault("field \(field.number) has the wrong wire type, \(field.type)", at: field.start)
      default: break
      }
    }
  }

  /// Throws unless the record holds exactly the values that its sizes promise; for planes, not for encoded images.
  package func checkCounts() throws(Diagnostic) {
    guard channels > 0, height > 0, width > 0 else {
      throw Datum.damaged("it has the sizes \(sizes) (channels x height x width), which must be at least 1")
    }
    let (plane, planeOverflow) = height.multipliedReportingOverflow(by: width)
    let (count, overflow) = plane.multipliedReportingOverflow(by: channels)
    let found = hasBytes ? bytes.count : floatCount
    guard !planeOverflow, !overflow, found == count else {
      let promised = planeOverflow || overflow ? "far more" : "\(count)"
      throw Datum.damaged(
        "it holds \(found) \(hasBytes ? "bytes" : "floats"), but its sizes \(sizes) (channels x height x width) promise "
          + promised)
    }
  }

  /// `3x32x32`.
  package var sizes: String { "\(channels)x\(height)x\(width)" }

  /// Adds `float_data` to `numbers`.
  package func addFloats(of record: Span<UInt8>, to numbers: inout [Float]) throws(Diagnostic) {
    var reader = WireReader(0..<record.count)
    while let field = try reader.next(in: record) {
      guard field.number == 6 else { continue }
      if field.type == .fixed32 {
        numbers.append(Float(bitPattern: UInt32(truncatingIfNeeded: field.value)))
      } else {
        unsafe record.withUnsafeBytes { bytes in
          for at in stride(from: field.range.lowerBound, to: field.range.upperBound, by: 4) {
            numbers.append(Float(bitPattern: unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
          }
        }
      }
    }
  }

  private static func int(_ field: WireField) -> Int { Int(Int32(truncatingIfNeeded: field.value)) }
}

extension Datum {
  /// A record with the pixels of an image, plane after plane, as Caffe's `convert_imageset` writes it.
  package static func encoded(channels: Int, height: Int, width: Int, pixels: [UInt8], label: Int) -> [UInt8] {
    precondition(pixels.count == channels * height * width)
    return head(channels: channels, height: height, width: width) + pixels + tail(label: label)
  }

  /// A record with the pixels of an image, as above.
  package static func encoded(_ image: Image, label: Int) -> [UInt8] {
    image.planar(
      after: head(channels: image.channels, height: image.height, width: image.width), before: tail(label: label))
  }

  /// What precedes the pixels.
  private static func head(channels: Int, height: Int, width: Int) -> [UInt8] {
    var writer = WireWriter()
    writer.field(1, Int64(channels))
    writer.field(2, Int64(height))
    writer.field(3, Int64(width))
    writer.header(4, length: channels * height * width)
    return writer.bytes
  }

  /// What follows the pixels.
  private static func tail(label: Int) -> [UInt8] {
    var writer = WireWriter()
    writer.field(5, Int64(label))
    writer.field(7, Int64(0))
    return writer.bytes
  }

  /// A record with floats, plane after plane, as Caffe's `extract_features` writes it.
  package static func encoded(channels: Int, height: Int, width: Int, values: some Collection<Float>) -> [UInt8] {
    precondition(values.count == channels * height * width)
    var writer = WireWriter()
    writer.field(1, Int64(channels))
    writer.field(2, Int64(height))
    writer.field(3, Int64(width))
    for value in values {
      writer.tag(6, .fixed32)
      writer.fixed32(value.bitPattern)
    }
    return writer.bytes
  }

  /// A record with a whole image file.
  package static func encoded(file: [UInt8], label: Int) -> [UInt8] {
    var writer = WireWriter()
    writer.field(4, file)
    writer.field(5, Int64(label))
    writer.field(7, Int64(1))
    return writer.bytes
  }
}

/// Lends raw memory as bytes.
func withBytes<R, E: Error>(of memory: RawSpan, _ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
  try unsafe memory.withUnsafeBytes { bytes throws(E) in try body(unsafe Span(_unsafeBytes: bytes)) }
}

/// A key as text; in hexadecimal digits if it is none.
func text(ofKey key: Span<UInt8>) -> String {
  var bytes: [UInt8] = []
  for i in key.indices { bytes.append(key[i]) }
  if let text = String(validating: bytes, as: UTF8.self), bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) { return text }
  return "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
