import Prototxt

/// Regions of images: rows of image, left, top, right and bottom.
enum Regions {
  /// Coordinates beyond this are no places of pixels.
  private static let farthest: Float = 16_777_216

  /// `spatial_scale`, checked.
  static func scale(_ parameters: Message) throws(Diagnostic) -> Float {
    let scale = parameters.float("spatial_scale")
    guard scale > 0, scale <= farthest else {
      throw parameters.error("spatial_scale", "spatial_scale must be above 0 (1/16, for instance), not \(scale)")
    }
    return scale
  }

  /// Throws unless the bottoms are planes and regions.
  static func check(_ bottoms: [Shape]) throws(ShapeError) {
    guard bottoms[0].rank == 4 else {
      throw ShapeError("bottom 0 must have 4 axes (images, channels, height, width), and it has \(bottoms[0].axesText)")
    }
    guard bottoms[1].rank > 0, bottoms[1].count(from: 1) == 5 else {
      throw ShapeError(
        "bottom 1 must have 5 values for each region (image, left, top, right, bottom), and it has \(bottoms[1])")
    }
  }

  /// A region of the second bottom, or `nil` after a failure is reported.
  static func region(_ index: Int, _ pass: Pass) -> (image: Int, corners: [Float])? {
    let images = pass.bottoms[0].shape[0]
    let row = pass.bottoms[1].data.read { regions in (0..<5).map { regions[index * 5 + $0] } }
    guard row[0] > -1, row[0] < Float(images) else {
      pass.fail("region \(index) is of image \(row[0]), and there are the images 0..<\(images)")
      return nil
    }
    guard row.dropFirst().allSatisfy({ abs($0) <= farthest }) else {
      pass.fail(
        "region \(index) has corners at \(row[1]), \(row[2]) and \(row[3]), \(row[4]): these are no places of pixels")
      return nil
    }
    return (Int(row[0]), Array(row.dropFirst()))
  }

  /// The rows or columns of one part of a region that begins at `start`, as far as they are in the plane.
  static func part(_ index: Int, of size: Float, from start: Int, in length: Int) -> Range<Int> {
    let first = min(max(Int((Float(index) * size).rounded(.down)) + start, 0), length)
    let end = min(max(Int((Float(index + 1) * size).rounded(.up)) + start, 0), length)
    return first..<max(first, end)
  }
}
