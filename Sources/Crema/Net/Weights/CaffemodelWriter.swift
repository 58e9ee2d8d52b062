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
    let (before, after) = parts(of: layer.definition)
    let sizes = layer.blobs.map { size($0.shape, hasGradients: $0.hasGradients) }
    let length = sizes.reduce(before.count + after.count) { $0 + headed($1) }
    var header = WireWriter()
    header.header(layerField, length: length)
    header.raw(before)
    try stream.write(header.bytes)
    for blob in layer.blobs {
      try write(blob.shape, hasGradients: blob.hasGradients, field: blobsField, to: stream, blob.numbers)
    }
    try stream.write(Array(after))
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
    var header = WireWriter()
    header.header(field, length: size(shape, hasGradients: hasGradients))
    try stream.write(header.bytes)
    for (number, part) in [(5, StoredBlob.Part.values), (6, .gradients)] where part == .values || hasGradients {
      guard shape.count > 0 else { continue }
      let tensor = try numbers(part)
      precondition(tensor.count == shape.count, "\(tensor.shape) where \(shape) is announced")
      var header = WireWriter()
      header.header(number, length: 4 * shape.count)
      try stream.write(header.bytes)
      try stream.write(tensor)
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
