import Prototxt

/// The shape and numbers of a file that holds one BlobProto.
struct BlobFile: Sendable {
  let shape: Shape
  let values: [Float]

  /// Reads the file. `location` is the field that names it.
  init(_ path: String, at location: SourceLocation?) throws(Diagnostic) {
    do throws(Diagnostic) {
      (shape, values) = try MappedFile(path).withBytes { bytes throws(Diagnostic) in
        let blob = try BlobWire.blob(bytes, 0..<bytes.count, index: 0, file: path), tensor = Tensor(blob.shape)
        try BlobWire.copy(bytes, 0..<bytes.count, .values, into: tensor, file: path)
        return (blob.shape, tensor.values)
      }
    } catch {
      throw Diagnostic("the file '\(path)' holds no blob that can be read: \(error.message)", at: location)
    }
  }
}
