/// Where an image comes from: straight from one of three cameras, or through a manipulation of a photograph of any of them.
public enum Origin: String, CaseIterable, Sendable {
  /// A camera that interpolates its mosaic bilinearly and does not sharpen.
  case plainCamera = "plain camera"
  /// A camera whose interpolation follows gradients, and that sharpens.
  case sharpCamera = "sharp camera"
  /// A camera that smooths its noise away, sharpens and saves JPEG files of quality 75 to 95.
  case phone = "phone"
  /// A median filter of 3x3 pixels ran over it.
  case weakMedian = "median 3x3"
  /// A median filter of 5x5 pixels ran over it.
  case strongMedian = "median 5x5"
  /// It was enlarged by 5 to 30 percent, half of the time turned too, with bilinear or bicubic interpolation.
  case resampled = "resampled"
  /// It was halved and doubled again by kernels like those of an image generator.
  case upsampled = "upsampled"
  /// A disc of it, a tenth to a third of the area with a soft edge, was halved and doubled.
  case composed = "composed"
}

/// An image whose origin is known.
public struct OriginScene: Sendable {
  /// 3 x side x side bytes: the planes blue, green, red.
  public let pixels: [UInt8]
  /// Where it comes from.
  public let origin: Origin
}
