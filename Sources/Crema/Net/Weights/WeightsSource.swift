import Prototxt

/// A file that holds weights, layer by layer. The numbers stay in the file until they are asked for.
package protocol WeightsSource {
  /// The path as given.
  var path: String { get }
  /// The net's name, if the file has one.
  var name: String { get }
  /// The layers, in the order of the file.
  var layers: [StoredLayer] { get }
  /// Copies the numbers of a blob into a tensor of as many elements; its shape does not matter.
  ///
  /// - Throws: a count that is another one, or damage.
  func read(_ blob: StoredBlob, _ part: StoredBlob.Part, into tensor: Tensor) throws(Diagnostic)
  /// A tensor with the numbers of a blob and its shape in the file.
  ///
  /// - Throws: numbers that do not fill the shape, or damage.
  func tensor(_ blob: StoredBlob, _ part: StoredBlob.Part) throws(Diagnostic) -> Tensor
}

/// A layer in a file of weights.
package struct StoredLayer: Sendable {
  /// The name.
  package var name: String
  /// The type as in today's prototxt files, if the file says it.
  package var type: String?
  /// The blobs, in the order of their indices.
  package var blobs: [StoredBlob]
}

/// A blob in a file of weights.
package struct StoredBlob: Sendable {
  /// What a blob may hold.
  package enum Part: Sendable { case values, gradients }

  /// Where the blob is.
  enum Place: Sendable {
    case bytes(Range<Int>)
    /// Nowhere: every number is this one.
    case constant(Float)
    case datasets(values: String, gradients: String?)
  }

  /// Its index within the layer.
  package var index: Int
  /// The axes; four of them if the file is of the old kind.
  package var shape: Shape
  /// Whether the file gives num, channels, height and width.
  package var isLegacy = false
  /// The number of values, which must be that of the shape.
  package var count: Int
  /// The number of gradients; 0 if there are none.
  package var gradientCount = 0
  let place: Place

  /// Whether a blob of this shape is meant: old files give four axes, those that are missing in front are 1.
  func fits(_ target: Shape) -> Bool { isLegacy ? target.legacy == shape.axes : target == shape }
}
