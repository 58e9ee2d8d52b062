import CKernels

extension Transformer {
  /// Writes one transformed image: `(value - mean) * scale`, planes of rows from `start` on.
  ///
  /// - Parameter pixels: the image's values, at least as many as `image` has from `first` on.
  func write(
    _ pixels: Span<UInt8>, from first: Int, _ image: Picture, _ cut: Cut, into numbers: inout MutableSpan<Float>,
    at start: Int
  ) {
    let kernels = unsafe trainingKernels
    unsafe write(pixels, from: first, image, cut, into: &numbers, at: start) { row in
      unsafe kernels.pointee.read_bytes(
        row.values, row.step, row.means, row.mean, settings.scale, cut.isMirrored ? 1 : 0, row.target, row.count)
    }
  }

  /// The same for an image of floats.
  func write(
    _ pixels: Span<Float>, from first: Int, _ image: Picture, _ cut: Cut, into numbers: inout MutableSpan<Float>,
    at start: Int
  ) {
    let kernels = unsafe trainingKernels
    unsafe write(pixels, from: first, image, cut, into: &numbers, at: start) { row in
      unsafe kernels.pointee.read_floats(
        row.values, row.step, row.means, row.mean, settings.scale, cut.isMirrored ? 1 : 0, row.target, row.count)
    }
  }

  /// Values of one channel that lie `step` apart, their mean or means, and where they go.
  @unsafe private struct Row<Value> {
    let values: UnsafePointer<Value>
    let step: Int
    let means: UnsafePointer<Float>?
    let mean: Float
    let target: UnsafeMutablePointer<Float>
    let count: Int
  }

  /// Calls `body` with every row of the cut; with every channel, if the cut is the whole image and not turned.
  @inline(__always)
  private func write<Value>(
    _ pixels: Span<Value>, from first: Int, _ image: Picture, _ cut: Cut, into numbers: inout MutableSpan<Float>,
    at start: Int, _ body: (Row<Value>) -> Void
  ) {
    precondition(first >= 0 && first + image.count <= pixels.count)
    precondition(start >= 0 && start + image.channels * cut.height * cut.width <= numbers.count)
    precondition(cut.row + cut.height <= image.height && cut.column + cut.width <= image.width)
    precondition(mean == nil || mean?.values.count == image.count)
    let isWhole = cut.height == image.height && cut.width == image.width && !cut.isMirrored
    let plane = image.height * image.width, step = image.isInterleaved ? image.channels : 1
    let rows = isWhole ? 1 : cut.height, length = isWhole ? plane : cut.width
    unsafe pixels.withUnsafeBufferPointer { pixels in
      unsafe numbers.withUnsafeMutableBufferPointer { numbers in
        unsafe (mean?.values ?? []).withUnsafeBufferPointer { means in
          guard let pixels = pixels.baseAddress, let numbers = numbers.baseAddress else { return }
          for channel in 0..<image.channels {
            let origin = unsafe pixels + first + channel * (image.isInterleaved ? 1 : plane)
            for row in 0..<rows {
              let offset = (cut.row + row) * image.width + cut.column
              unsafe body(
                Row(
                  values: origin + offset * step, step: step,
                  means: mean == nil ? nil : means.baseAddress.map { unsafe $0 + (channel * plane + offset) },
                  mean: meanValue(of: channel), target: numbers + (start + (channel * rows + row) * length),
                  count: length))
            }
          }
        }
      }
    }
  }

  private func meanValue(of channel: Int) -> Float {
    let values = settings.meanValues
    return values.isEmpty ? 0 : values[values.count == 1 ? 0 : channel]
  }
}
