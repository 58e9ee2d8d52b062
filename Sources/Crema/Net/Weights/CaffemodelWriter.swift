import Prototxt

extension OutgoingWeights {
  /// Writes a NetParameter: the name, then each layer, fields in the order of their numbers.
  func writeBinary(to path: String, name file: String) throws(Diagnostic) {
    let stream = try FileStream(path, name: file)
    var start = WireWriter()
    start.field(1, name)
    try stream.write(start.bytes)
    for layer in layers { try CaffemodelWriter.write(layer, to: stream) }
    try stream.finish()
  }
}

/// Writes messages whose lengths are computed first, so that the numbers can follow from where they are.
enum CaffemodelWriter {
  /// The number of `layer` in NetParameter, and of `blobs` in LayerParameter.
  private static let layerField = 100, blobsField = 7

  fileprivate static func write(_ layer: OutgoingWeights.Layer, to stream: FileStream) throws(Diagnostic) {
    let sizes = layer.blobs.map { size($0.shape, hasGradients: $0.hasGradients) }
    try write(layer.definition, blobs: sizes, to: stream) { index throws(Diagnostic) in
      let blob = layer.blobs[index]
      try write(blob.shape, hasGradients: blob.hasGradients, to: stream, blob.withFloats)
    }
  }

  /// Writes one layer of a NetParameter.
  ///
  /// - Parameters:
  ///   - lengths: the bytes of each BlobProto.
  ///   - blob: writes the BlobProto of an index.
  static func write(
    _ definition: Message, blobs lengths: [Int], to stream: FileStream, _ blob: (Int) throws(Diagnostic) -> Void
  ) throws(Diagnostic) {
    let (before, after) = parts(of: definition)
    var header = WireWriter()
    header.header(layerField, length: lengths.reduce(before.count + after.count) { $0 + headed($1) })
    header.raw(before)
    try stream.write(header.bytes)
    for (index, length) in lengths.enumerated() {
      try writeHeader(blobsField, length: length, to: stream)
      try blob(index)
    }
    try stream.write(Array(after))
  }

  /// Writes the tag and length of a message or run.
  private static func writeHeader(_ field: Int, length: Int, to stream: FileStream) throws(Diagnostic) {
    var header = WireWriter()
    header.header(field, length: length)
    try stream.write(header.bytes)
  }

  /// The definition in binary form without blobs, cut at the place where blobs belong.
  private static func parts(of definition: Message) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
    var definition = definition
    definition.remove("blobs")
    let bytes = definition.binary()
    var reader = WireReader(0..<bytes.count)
    while let field = try? reader.next(in: bytes.span) {
      if field.number > blobsField { return (bytes[..<field.start], bytes[field.start...]) }
    }
    return (bytes[...], [])
  }

  /// Writes one BlobProto as the field `field` of the message around: data, diff, shape.
  static func write(
    _ shape: Shape, hasGradients: Bool, field: Int, to stream: FileStream,
    _ numbers: (StoredBlob.Part) throws(Diagnostic) -> Tensor
  ) throws(Diagnostic) {
    try writeHeader(field, length: size(shape, hasGradients: hasGradients), to: stream)
    try write(shape, hasGradients: hasGradients, to: stream) { (part, body) throws(Diagnostic) in
      try numbers(part).withBytes(body)
    }
  }

  /// Writes one BlobProto without the header of its field.
  private static func write(
    _ shape: Shape, hasGradients: Bool, to stream: FileStream,
    _ withFloats: (StoredBlob.Part, (RawSpan) throws(Diagnostic) -> Void) throws(Diagnostic) -> Void
  ) throws(Diagnostic) {
    for (number, part) in [(5, StoredBlob.Part.values), (6, .gradients)] where part == .values || hasGradients {
      guard shape.count > 0 else { continue }
      try writeHeader(number, length: 4 * shape.count, to: stream)
      try withFloats(part) { floats throws(Diagnostic) in
        precondition(floats.byteCount == 4 * shape.count, "\(floats.byteCount) bytes where \(shape) is announced")
        try stream.write(floats)
      }
    }
    var end = WireWriter()
    end.field(7, dimensions(shape))
    try stream.write(end.bytes)
  }

  /// A BlobShape.
  private static func dimensions(_ shape: Shape) -> [UInt8] {
    guard shape.rank > 0 else { return [] }
    var run = WireWriter(), message = WireWriter()
    for axis in shape.axes { run.varint(UInt64(axis)) }
    message.field(1, run.bytes)
    return message.bytes
  }

  private static func size(_ shape: Shape, hasGradients: Bool) -> Int {
    let numbers = shape.count > 0 ? headed(4 * shape.count) : 0
    return (hasGradients ? 2 : 1) * numbers + headed(dimensions(shape).count)
  }

  /// The size of a length-delimited field with a number below 16.
  private static func headed(_ length: Int) -> Int { 1 + WireWriter.size(ofVarint: UInt64(length)) + length }
}
