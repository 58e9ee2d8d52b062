extension Transformer {
  /// Writes one transformed image: `(value - mean) * scale`, planes of rows from `start` on.
  ///
  /// - Parameters:
  ///   - pixels: the image's values, at least as many as `image` has from `first` on.
  ///   - number: a stored value as a number.
  @inline(__always)
  func write<Value>(
    _ pixels: Span<Value>, from first: Int, _ image: Picture, _ cut: Cut, into numbers: inout MutableSpan<Float>,
    at start: Int, _ number: (Value) -> Float
  ) {
    precondition(first >= 0 && first + image.count <= pixels.count)
    precondition(start >= 0 && start + image.channels * cut.height * cut.width <= numbers.count)
    precondition(cut.row + cut.height <= image.height && cut.column + cut.width <= image.width)
    precondition(mean == nil || mean?.values.count == image.count)
    let isWhole = cut.height == image.height && cut.width == image.width && !cut.isMirrored
    unsafe pixels.withUnsafeBufferPointer { pixels in
      unsafe numbers.withUnsafeMutableBufferPointer { numbers in
        guard let pixels = pixels.baseAddress, let numbers = numbers.baseAddress else { return }
        for channel in 0..<image.channels {
          let plane = image.height * image.width
          let origin = unsafe image.isInterleaved ? pixels + first + channel : pixels + first + channel * plane
          let step = image.isInterleaved ? image.channels : 1
          let target = unsafe numbers + start + channel * cut.height * cut.width
          let rows = isWhole ? 1 : cut.height
          let length = isWhole ? plane : cut.width
          for row in 0..<rows {
            let offset = (cut.row + row) * image.width + cut.column
            let source = unsafe origin + offset * step
            let line = unsafe target + row * length
            unsafe subtract(channel, channel * plane + offset, length, cut.isMirrored, line) { i in
              unsafe number(step == 1 ? source[i] : source[i * step])
            }
          }
        }
      }
    }
  }

  /// One row of numbers: the mean is one of an image, from `place` on, or one of the channel.
  @inline(__always)
  private func subtract(
    _ channel: Int, _ place: Int, _ length: Int, _ isMirrored: Bool, _ line: UnsafeMutablePointer<Float>,
    _ value: (Int) -> Float
  ) {
    let scale = settings.scale
    if let mean {
      unsafe mean.values.withUnsafeBufferPointer { means in
        guard let means = means.baseAddress else { return }
        if isMirrored {
          for i in 0..<length { unsafe line[length - 1 - i] = (value(i) - means[place + i]) * scale }
        } else {
          for i in 0..<length { unsafe line[i] = (value(i) - means[place + i]) * scale }
        }
      }
      return
    }
    let values = settings.meanValues
    let constant = values.isEmpty ? 0 : values[values.count == 1 ? 0 : channel]
    if isMirrored {
      for i in 0..<length { unsafe line[length - 1 - i] = (value(i) - constant) * scale }
    } else {
      for i in 0..<length { unsafe line[i] = (value(i) - constant) * scale }
    }
  }
}
