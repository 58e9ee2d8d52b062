import CImages
import Glibc

extension Image {
  /// The filters that smooth an image.
  public enum Filter: Sendable {
    /// The mean of all pixels around.
    case mean
    /// Weighted by a Gaussian whose standard deviation follows from the size, as OpenCV's sigma 0 means.
    case gaussian
    /// The middle one of all pixels around.
    case median
  }

  /// The image smoothed, with the numbers of OpenCV's `blur`, `GaussianBlur` and `medianBlur`.
  ///
  /// - Parameter size: the side of the square of pixels that are looked at: 3, 5 or 7.
  /// - Throws: if no memory is left.
  public func filtered(_ filter: Filter, size: Int) throws(ImageError) -> Image {
    precondition([3, 5, 7].contains(size))
    var code: CInt = 0
    let filtered = unsafe [UInt8](unsafeUninitializedCapacity: pixels.count) { target, count in
      unsafe pixels.withUnsafeBufferPointer { source in
        let (from, to) = (source.baseAddress, target.baseAddress)
        switch filter {
        case .mean: unsafe code = crema_mean_filter(from, width, height, channels, size, to)
        case .gaussian: unsafe code = crema_gaussian_filter(from, width, height, channels, size, to)
        case .median: unsafe code = crema_median_filter(from, width, height, channels, size, to)
        }
      }
      count = code == CREMA_IMAGE_OK ? pixels.count : 0
    }
    guard code == CREMA_IMAGE_OK else {
      throw ImageError(
        call: "filter", file: "", code: code, words: "no memory is left for \(width) x \(height) pixels",
        advice: "use a smaller image")
    }
    return Image(width: width, height: height, channels: channels, pixels: filtered)
  }

  /// Each sample v as 255 (v / 255)^gamma, rounded to the nearest, as OpenCV's tutorial on look-up tables does it.
  public func gammaCorrected(_ gamma: Double) -> Image {
    let table = (0...255).map {
      UInt8(min(255, max(0, (pow(Double($0) / 255, gamma) * 255).rounded(.toNearestOrEven))))
    }
    return Image(width: width, height: height, channels: channels, pixels: pixels.map { table[Int($0)] })
  }

  /// What is left of the image after it was a JPEG file; 1 or 3 channels.
  ///
  /// - Parameter quality: 0 to 100.
  public func throughJPEG(quality: Int) throws(ImageError) -> Image {
    let file = try jpegData(quality: quality)
    return try unsafe Image(bytes: file.span.bytes, mode: channels == 1 ? .gray : .color)
  }

  /// What is left of the image after it was a JPEG 2000 file; 1 or 3 channels.
  ///
  /// - Parameter ratio: how many times smaller than the pixels the file is, at least 1.
  public func throughJPEG2000(ratio: Double) throws(ImageError) -> Image {
    precondition(ratio >= 1 && (channels == 1 || channels == 3))
    var left = pixels
    var message = [CChar](repeating: 0, count: 128)
    let code = unsafe left.withUnsafeMutableBufferPointer { memory in
      unsafe message.withUnsafeMutableBufferPointer { text in
        unsafe crema_jp2_recompress(memory.baseAddress, width, height, channels, ratio, text.baseAddress)
      }
    }
    guard code == CREMA_IMAGE_OK else {
      let words = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw ImageError(
        call: "opj_encode", file: "", code: code, words: words.isEmpty ? "no memory is left" : words,
        advice: "use a larger image or a smaller ratio")
    }
    return Image(width: width, height: height, channels: channels, pixels: left)
  }
}
