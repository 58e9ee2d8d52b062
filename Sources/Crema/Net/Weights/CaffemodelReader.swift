import Prototxt

/// A .caffemodel: names, types and blobs of its layers, in all of Caffe's three layer formats.
///
/// The file is mapped, not loaded: opening it costs a walk over tags, and each blob is copied once. Everything but
/// names, types and blobs is skipped, so that parameters of Caffe's forks cannot disturb. There is no limit of 2 GB.
package struct CaffemodelReader: WeightsSource {
  package var path: String { file.path }
  package private(set) var name = ""
  package private(set) var layers: [StoredLayer] = []
  /// Which of Caffe's upgrades the file needs.
  private(set) var form = CaffemodelForm()
  private let file: MappedFile

  /// Opens a file.
  ///
  /// - Throws: what is wrong with it, at which byte; or what it is, if it is no caffemodel.
  package init(_ path: String) throws(Diagnostic) {
    file = try MappedFile(path)
    let file = file
    (name, layers, form) = try file.withBytes { bytes throws(Diagnostic) in
      let kind = FileKind(of: bytes)
      guard kind == .other else { throw Diagnostic("'\(path)' is \(kind.noun), not a caffemodel; \(kind.advice)") }
      var walk = CaffemodelWalk(file: path)
      do throws(Diagnostic) { try walk.run(bytes) } catch {
        throw Diagnostic("\(error.message); the file is cut off, damaged or no caffemodel: copy it again")
      }
      guard !walk.layers.isEmpty else {
        throw Diagnostic("'\(path)' holds no layers, so it is no caffemodel (or that of an empty net); check the path")
      }
      return (walk.name, walk.layers, walk.form)
    }
  }

  package func read(_ blob: StoredBlob, _ part: StoredBlob.Part, into tensor: Tensor) throws(Diagnostic) {
    if case .constant(let number) = blob.place { return tensor.fill(number) }
    guard case .bytes(let range) = blob.place else { preconditionFailure("a blob of another file") }
    try file.withBytes { bytes throws(Diagnostic) in
      try BlobWire.copy(bytes, range, part, into: tensor, file: path)
    }
  }
}

extension CaffemodelReader {
  package func tensor(_ blob: StoredBlob, _ part: StoredBlob.Part) throws(Diagnostic) -> Tensor {
    let count = part == .values ? blob.count : blob.gradientCount
    if case .bytes(let range) = blob.place, count != blob.shape.count {
      throw WireReader(range, file: path).fault(
        "a blob holds \(count) numbers, but its shape \(blob.shape) needs \(blob.shape.count); the file is "
          + "damaged: copy it again",
        at: range.lowerBound)
    }
    let tensor = Tensor(blob.shape)
    try read(blob, part, into: tensor)
    return tensor
  }
}

/// Walks over a NetParameter.
private struct CaffemodelWalk {
  let file: String
  var name = ""
  var layers: [StoredLayer] = []
  var form = CaffemodelForm()

  /// The numbers of the fields of one kind of layer message.
  private struct Numbers {
    let name: Int, type: Int, blobs: Int
    static let current = Numbers(name: 1, type: 2, blobs: 7)
    static let v1 = Numbers(name: 4, type: 5, blobs: 6)
    static let v0 = Numbers(name: 1, type: 2, blobs: 50)
  }

  init(file: String) { self.file = file }

  mutating func run(_ bytes: Span<UInt8>) throws(Diagnostic) {
    var reader = WireReader(0..<bytes.count, file: file)
    while let field = try reader.next(in: bytes) {
      switch (field.number, field.type) {
      case (1, .bytes): name = text(bytes, field)
      case (2, .bytes):
        form.layers = form.layers ?? field.start
        try addOld(bytes, reader.nested(field.range))
      case (3, .bytes): form.hasInputs = true
      case (100, .bytes):
        form.layer = form.layer ?? field.start
        form.look(bytes, at: reader.nested(field.range))
        layers.append(try layer(bytes, reader.nested(field.range), .current))
      default: break
      }
    }
    if let old = form.layers, let new = form.layer {
      throw reader.fault(
        "the file has both 'layers' (first at byte \(old)) and 'layer' (first at byte \(new)); one of them is wanted",
        at: old)
    }
  }

  private mutating func addOld(_ bytes: Span<UInt8>, _ reader: WireReader) throws(Diagnostic) {
    var fields = reader
    var inner: StoredLayer?
    while let field = try fields.next(in: bytes) {
      guard field.number == 1, field.type == .bytes else { continue }
      var layer = try layer(bytes, reader.nested(field.range), .v0)
      layer.type = layer.type.flatMap { LegacyTypes.v1(v0: $0) }.flatMap { LegacyTypes.current(v1: $0) }
      inner = layer
    }
    if let inner {
      form.hasV0 = true
      layers.append(inner)
      return
    }
    form.lookV1(bytes, at: reader)
    layers.append(try layer(bytes, reader, .v1))
  }

  private func layer(
    _ bytes: Span<UInt8>, _ reader: WireReader, _ numbers: Numbers
  ) throws(Diagnostic) -> StoredLayer {
    var reader = reader
    var layer = StoredLayer(name: "", type: nil, blobs: [])
    while let field = try reader.next(in: bytes) {
      switch (field.number, field.type) {
      case (numbers.name, .bytes): layer.name = text(bytes, field)
      case (numbers.type, .bytes): layer.type = text(bytes, field)
      case (numbers.type, .varint): layer.type = LegacyTypes.current(number: Int(truncatingIfNeeded: field.value))
      case (numbers.blobs, .bytes):
        layer.blobs.append(try BlobWire.blob(bytes, field.range, index: layer.blobs.count, file: file))
      default: break
      }
    }
    return layer
  }

  private func text(_ bytes: Span<UInt8>, _ field: WireField) -> String {
    String(decoding: field.range.map { bytes[$0] }, as: UTF8.self)
  }
}
