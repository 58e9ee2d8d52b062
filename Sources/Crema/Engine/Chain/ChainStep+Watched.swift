import CKernels

extension ChainStep {
  /// Copies what is read after a pass to the net's blobs, when all of an image is computed.
  func storeWatched(_ image: Int, lane: Int) {
    for (value, place) in program.watched {
      let top = memory.values[value].data, area = place.height * place.width
      for c in 0..<place.channels {
        let from = unsafe plane(place.first + c, lane), at = (image * place.channels + c) * area
        for row in 0..<place.height {
          unsafe (top.base + (at + row * place.width)).update(from: from + row * grid.stride, count: place.width)
        }
      }
    }
    guard watchesNorm, let input else { return }
    let bottom = memory.values[input.value].data, top = memory.values[input.top].data
    let area = bottom.shape.count(from: 2), channels = bottom.shape[1]
    for c in 0..<channels {
      let (a, b) = input.normalization(of: c), at = (image * channels + c) * area
      unsafe kernels.pointee.scale(bottom.base + at, a, b, top.base + at, Int32(area))
    }
  }
}
