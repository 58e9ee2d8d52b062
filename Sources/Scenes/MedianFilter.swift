/// Replaces each value by the median of the square around it.
struct MedianFilter {
  /// 1 for a window of 3x3, 2 for 5x5.
  var radius: Int

  /// The filtered picture, smaller by `radius` on each side, from one of whole values 0 to 255.
  func apply(to picture: Picture) -> Picture {
    var result = Picture(side: picture.side - 2 * radius)
    for channel in 0..<3 {
      let levels = picture.pixels.map { Int($0[channel]) }
      filter(levels, side: picture.side, into: &result, channel: channel)
    }
    return result
  }

  /// Slides a histogram along each row; the median moves with it from pixel to pixel.
  private func filter(_ levels: [Int], side: Int, into result: inout Picture, channel: Int) {
    let width = 2 * radius + 1
    let half = width * width / 2
    for y in 0..<result.side {
      var histogram = [Int](repeating: 0, count: 256)
      var median = 0
      var countBelow = 0
      for row in y..<(y + width) {
        for column in 0..<(width - 1) { histogram[levels[row * side + column]] += 1 }
      }
      for x in 0..<result.side {
        for row in y..<(y + width) {
          let entering = levels[row * side + x + width - 1]
          histogram[entering] += 1
          if x > 0 {
            if entering < median { countBelow += 1 }
            let leaving = levels[row * side + x - 1]
            histogram[leaving] -= 1
            if leaving < median { countBelow -= 1 }
          }
        }
        if x == 0 {
          median = 0
          countBelow = 0
        }
        while countBelow > half {
          median -= 1
          countBelow -= histogram[median]
        }
        while countBelow + histogram[median] <= half {
          countBelow += histogram[median]
          median += 1
        }
        result[x, y][channel] = Float(median)
      }
    }
  }
}
