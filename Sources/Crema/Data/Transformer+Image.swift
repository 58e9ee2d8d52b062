import Images
import Prototxt

extension Transformer {
  /// The numbers of an image as a net takes them: transformed, in planes, blue first.
  ///
  /// - Parameter shape: the channels, height and width that the transformed image must have.
  /// - Throws: an image that does not have them, or that the crop or the mean does not fit.
  package func values(of image: Image, shape: [Int]) throws(Diagnostic) -> [Float] {
    var values = [Float](repeating: 0, count: shape.reduce(1, *))
    var numbers = values.mutableSpan
    try write(image, shape, into: &numbers, at: 0, nil, "resize the image to what the net takes")
    return values
  }
}
