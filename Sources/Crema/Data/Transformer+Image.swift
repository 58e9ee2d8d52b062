import Images
import Prototxt

extension Transformer {
  /// The numbers of an image as a net takes them: transformed, in planes, blue first.
  ///
  /// - Parameter shape: the channels, height and width that the transformed image must have.
  /// - Throws: an image that does not have them, or that the crop or the mean does not fit.
  package func values(of image: Image, shape: [Int]) throws(Diagnostic) -> [Float] {
    let picture = Picture(image)
    try check(picture, shape)
    var values = [Float](repeating: 0, count: shape.reduce(1, *))
    var numbers = values.mutableSpan
    write(image.pixels.span, from: 0, picture, cut(picture, nil), into: &numbers, at: 0) { Float($0) }
    return values
  }
}
