import Prototxt

/// How weights and solver states are stored.
public enum WeightsFormat: Sendable {
  /// .caffemodel, .solverstate: protocol buffers.
  case binary
  /// .caffemodel.h5, .solverstate.h5.
  case hdf5
}

/// A net's weights on their way into a file; the numbers come when they are written.
package struct OutgoingWeights {
  /// A layer: its LayerParameter, whose own `blobs` are not written, and the blobs instead of them.
  package struct Layer {
    /// The LayerParameter.
    package var definition: Message
    /// Its blobs, in their order.
    package var blobs: [Blob]

    /// A layer with these blobs.
    package init(definition: Message, blobs: [Blob]) { (self.definition, self.blobs) = (definition, blobs) }
  }

  /// A blob, with a way to get its numbers when they are written.
  package struct Blob {
    /// Its axes.
    package var shape: Shape
    /// False for a blob that belongs to an earlier layer: HDF5 files hold it only there.
    package var isOwned = true
    /// Whether there are gradients to write.
    package var hasGradients = false
    /// Lends the numbers as 32-bit floats, the lowest byte first.
    package var withFloats: Lender

    /// Calls what it is given once, with all numbers of a part.
    package typealias Lender = (StoredBlob.Part, (RawSpan) throws(Diagnostic) -> Void) throws(Diagnostic) -> Void

    /// A blob whose numbers come as a tensor.
    package init(
      _ shape: Shape, isOwned: Bool = true, hasGradients: Bool = false,
      numbers: @escaping (StoredBlob.Part) throws(Diagnostic) -> Tensor
    ) {
      (self.shape, self.isOwned, self.hasGradients) = (shape, isOwned, hasGradients)
      withFloats = { (part, body) throws(Diagnostic) in try numbers(part).withBytes(body) }
    }

    /// A blob as it lies in a file of weights.
    package init(
      _ shape: Shape, isOwned: Bool = true, _ stored: StoredBlob, in source: any WeightsSource
    ) {
      (self.shape, self.isOwned, hasGradients) = (shape, isOwned, stored.gradientCount > 0)
      withFloats = { (part, body) throws(Diagnostic) in try source.withFloats(stored, part, body) }
    }
  }

  /// The net's name.
  package var name: String
  /// The layers, in the order of the file.
  package var layers: [Layer]

  /// A net of these layers.
  package init(name: String, layers: [Layer]) { (self.name, self.layers) = (name, layers) }

  /// Writes all of it; a file that was at `path` is replaced at once, when the new one is complete.
  ///
  /// - Throws: why it cannot be written. A file that was there is then as it was.
  package func write(to path: String, format: WeightsFormat) throws(Diagnostic) {
    switch format {
    case .binary:
      try replaceFile(at: path) { temporary throws(Diagnostic) in try writeBinary(to: temporary, name: path) }
    case .hdf5: try replaceFile(at: path) { temporary throws(Diagnostic) in try writeHDF5(to: temporary, name: path) }
    }
  }
}

/// Writes the weights of a net as Caffe does, layer by layer, splits and layers without weights included.
///
/// - Parameters:
///   - includesGradients: also writes the gradients of weights (`snapshot_diff`).
/// - Throws: why the file cannot be written. A file that was at `path` is then as it was.
public func writeWeights(
  of net: Net, to path: String, format: WeightsFormat, includesGradients: Bool = false
) throws(Diagnostic) {
  let layers = net.graph.nodes.enumerated().map { index, node in
    let blobs = zip(node.weights, net.memory.weights[index]).map { use, blob in
      OutgoingWeights.Blob(blob.shape, isOwned: !use.isShared, hasGradients: includesGradients) { part in
        part == .values ? blob.data : blob.gradient
      }
    }
    return OutgoingWeights.Layer(definition: node.definition, blobs: blobs)
  }
  try OutgoingWeights(name: net.graph.name, layers: layers).write(to: path, format: format)
}
