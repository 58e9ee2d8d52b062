import Prototxt

/// Brings a .caffemodel of any age to the current form. Blobs are copied from file to file as they are.
public enum CaffemodelUpgrade {
  /// Writes what Caffe's `upgrade_net_proto_binary` writes; a file that was at `target` is replaced when the new one is
  /// complete.
  ///
  /// - Returns: whether something was old, and whether something old was left out; the message has no blobs.
  /// - Throws: a file that is no .caffemodel, what cannot be upgraded, or why `target` cannot be written.
  public static func upgrade(
    from source: String, to target: String, log: Log = .silent
  ) throws(Diagnostic) -> Upgrade.Result {
    let reader = try CaffemodelReader(source)
    let file = try MappedFile(source)
    return try file.withBytes { bytes throws(Diagnostic) in
      let definition = try Message(
        binary: withoutBlobs(bytes, WireReader(0..<bytes.count, file: source), .net), as: CaffeSchema.net, file: source)
      let result = try Upgrade.upgrading(net: definition, file: source, log: log)
      let layers = matched(result.message.messages("layer"), reader.layers)
      try replaceFile(at: target) { temporary throws(Diagnostic) in
        try write(result.message, layers, bytes, to: FileStream(temporary, name: target))
      }
      return result
    }
  }

  /// A message that may hold blobs, by the numbers of its fields.
  private enum Holder {
    case net, layer, v1, v0

    /// What a field is: a holder itself, a blob, or neither.
    func inner(_ number: Int) -> (holder: Holder?, isBlob: Bool) {
      switch (self, number) {
      case (.net, 100): (.layer, false)
      case (.net, 2): (.v1, false)
      case (.v1, 1): (.v0, false)
      case (.layer, 7), (.v1, 6), (.v0, 50): (nil, true)
      default: (nil, false)
      }
    }
  }

  private static func withoutBlobs(
    _ bytes: Span<UInt8>, _ reader: WireReader, _ holder: Holder
  ) throws(Diagnostic) -> [UInt8] {
    var fields = reader, writer = WireWriter()
    while let field = try fields.next(in: bytes) {
      let (inner, isBlob) = holder.inner(field.number)
      guard !isBlob else { continue }
      if let inner, field.type == .bytes {
        writer.field(field.number, try withoutBlobs(bytes, reader.nested(field.range), inner))
      } else {
        writer.raw((field.start..<fields.position).map { bytes[$0] })
      }
    }
    return writer.bytes
  }

  /// Each layer with the blobs that the file has for it. An upgrade keeps the order of layers, leaves out those that
  /// only pad, and puts one for inputs in front.
  private static func matched(
    _ definitions: [Message], _ stored: [StoredLayer]
  ) -> [(definition: Message, blobs: [StoredBlob])] {
    var rest = stored[...]
    return definitions.map { definition in
      let name = definition.string("name")
      guard let place = rest.firstIndex(where: { $0.name == name }),
        definition.string("type") != "Input" || rest[place].type == "Input"
      else { return (definition, []) }
      defer { rest = rest[(place + 1)...] }
      return (definition, rest[place].blobs)
    }
  }

  private static func write(
    _ net: Message, _ layers: [(definition: Message, blobs: [StoredBlob])], _ bytes: Span<UInt8>, to stream: FileStream
  ) throws(Diagnostic) {
    var start = net
    start.remove("layer")
    try stream.write(start.binary())
    for (definition, blobs) in layers {
      let ranges = blobs.compactMap { blob in
        if case .bytes(let range) = blob.place { range } else { nil }
      }
      try CaffemodelWriter.write(definition, blobs: ranges.map(\.count), to: stream) { index throws(Diagnostic) in
        try copy(bytes, ranges[index], to: stream)
      }
    }
    try stream.finish()
  }

  private static func copy(_ bytes: Span<UInt8>, _ range: Range<Int>, to stream: FileStream) throws(Diagnostic) {
    let piece = 1 << 20
    for start in stride(from: range.lowerBound, to: range.upperBound, by: piece) {
      try stream.write((start..<min(start + piece, range.upperBound)).map { bytes[$0] })
    }
  }
}
