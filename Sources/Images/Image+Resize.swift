import CImages

extension Image {
  /// The samples as planes: `channels` x `height` x `width`.
  ///
  /// - Parameters:
  ///   - head: bytes before the planes.
  ///   - tail: bytes behind them.
  public func planar(after head: [UInt8] = [], before tail: [UInt8] = []) -> [UInt8] {
    let size = head.count + pixels.count + tail.count
    return unsafe [UInt8](unsafeUninitializedCapacity: size) { target, count in
      var end = unsafe target[..<head.count].initialize(fromContentsOf: head)
      unsafe pixels.withUnsafeBufferPointer { source in
        unsafe crema_planes(source.baseAddress, width * height, channels, target.baseAddress?.advanced(by: end))
      }
      end += pixels.count
      count = unsafe target[end...].initialize(fromContentsOf: tail)
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
    precondition(region.x >= 0 && region.width > 0 && region.x + region.width <= self.width)
    precondition(region.y >= 0 && region.height > 0 && region.y + region.height <= self.height)
    if region.width == self.width, region.height == self.height, width == self.width, height == self.height {
      return self
    }
    var image = try unsafe pixels.withUnsafeBufferPointer { pixels throws(ImageError) in
      try unsafe Self.resize(
        pixels.baseAddress, region, stride: self.width * channels, channels: channels, to: (width, height))
    }
    image.damage = damage
    return image
  }

  /// A part of rows of `stride` bytes in another size.
  static func resize(
    _ pixels: UnsafePointer<UInt8>?, _ region: Region, stride: Int, channels: Int, to size: (width: Int, height: Int)
  ) throws(ImageError) -> Image {
    precondition(size.width > 0 && size.height > 0 && size.width <= 1 << 20 && size.height <= 1 << 20)
    var code: CInt = 0
    let resized = unsafe [UInt8](unsafeUninitializedCapacity: size.width * size.height * channels) { target, count in
      let start = unsafe pixels?.advanced(by: region.y * stride + region.x * channels)
      unsafe code = crema_resize(
        start, region.width, region.height, stride, channels, target.baseAddress, size.width, size.height)
      count = code == CREMA_IMAGE_OK ? size.width * size.height * channels : 0
    }
    guard code == CREMA_IMAGE_OK else {
      throw ImageError(
        call: "resize", file: "", code: code, words: "no memory is left for \(size.width) x \(size.height) pixels",
        advice: "use a smaller size")
    }
    return Image(width: size.width, height: size.height, channels: channels, pixels: resized)
  }
}
