import CImages

extension Image {
  /// The bytes of a PNG file with this image, the same on every machine and as OpenCV writes them; 1, 3 or 4 channels.
  public func pngData() throws(ImageError) -> [UInt8] {
    try unsafe encoded("png_write_image", advice: "write 1, 3 or 4 channels of at most 1048576 x 1048576 pixels") {
      unsafe crema_png_encode($0, width, height, channels, &$1)
    }
  }

  /// The bytes of a JPEG file with this image, as OpenCV writes them; 1 or 3 channels.
  ///
  /// - Parameter quality: 0 to 100; OpenCV's own choice is 95.
  public func jpegData(quality: Int = 95) throws(ImageError) -> [UInt8] {
    precondition((0...100).contains(quality))
    return try unsafe encoded("jpeg_write_scanlines", advice: "write 1 or 3 channels of at most 65500 x 65500 pixels") {
      unsafe crema_jpeg_encode($0, width, height, channels, CInt(quality), &$1)
    }
  }

  private func encoded(
    _ call: String, advice: String, _ encode: (UnsafeRawPointer?, inout crema_encoded) -> CInt
  ) throws(ImageError) -> [UInt8] {
    var encoded = unsafe crema_encoded()
    let code = unsafe pixels.withUnsafeBytes { unsafe encode($0.baseAddress, &encoded) }
    guard code == CREMA_IMAGE_OK else {
      throw ImageError(
        call: call, file: "", code: code,
        words: unsafe code == CREMA_IMAGE_TOO_LARGE
          ? "\(width) x \(height) with \(channels) channels does not fit in the file"
          : Self.text(of: &encoded.message),
        advice: advice)
    }
    defer { unsafe crema_image_free(encoded.bytes) }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: encoded.bytes, count: encoded.count))
  }
}
