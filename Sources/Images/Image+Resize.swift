import CImages

extension Image {
  /// The samples as planes: `channels` x `height` x `width`.
  public func planar() -> [UInt8] {
    guard channels > 1 else { return pixels }
    return unsafe [UInt8](unsafeUninitializedCapacity: pixels.count) { target, count in
      unsafe pixels.withUnsafeBufferPointer { source in
        unsafe crema_planes(source.baseAddress, width * height, channels, target.baseAddress)
      }
      count = pixels.count
    }
  }

  /// The image in another size, bilinear, with the numbers of OpenCV's `resize`; width and height must be at least 1.
  ///
  /// Throws if no memory is left.
  public func resized(width: Int, height: Int) throws(ImageError) -> Image {
    try resized(Region(x: 0, y: 0, width: self.width, height: self.height), width: width, height: height)
  }

  /// A rectangle of an image.
  public struct Region: Sendable {
    /// The first column and the first row.
    public var x, y: Int
    /// The numbers of columns and rows, at least 1.
    public var width, height: Int

    /// A rectangle, which must lie within the image that it is used with.
    public init(x: Int, y: Int, width: Int, height: Int) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }
  }

  /// A part of the image in another size, as if the rest were not there.
  ///
  /// Throws if no memory is left.
  public func resized(_ region: Region, width: Int, height: Int) throws(ImageError) -> Image {
    precondition(width > 0 && height > 0 && width <= 1 << 20 && height <= 1 << 20)
    precondition(region.x >= 0 && region.width > 0 && region.x + region.width <= self.width)
    precondition(region.y >= 0 && region.height > 0 && region.y + region.height <= self.height)
    if region.width == self.width, region.height == self.height, width == self.width, height == self.height {
      return self
    }
    let stride = self.width * channels
    var code: CInt = 0
    let resized = unsafe [UInt8](unsafeUninitializedCapacity: width * height * channels) { target, count in
      unsafe pixels.withUnsafeBufferPointer { source in
        let start = unsafe source.baseAddress?.advanced(by: region.y * stride + region.x * channels)
        unsafe code = crema_resize(
          start, region.width, region.height, stride, channels, target.baseAddress, width, height)
      }
      count = code == CREMA_IMAGE_OK ? width * height * channels : 0
    }
    guard code == CREMA_IMAGE_OK else {
      throw ImageError(
        call: "resize", file: "", code: code, words: "no memory is left for \(width) x \(height) pixels",
        advice: "use a smaller size")
    }
    var image = Image(width: width, height: height, channels: channels, pixels: resized)
    image.damage = damage
    return image
  }
}
