import Images

/// Which part of an image a window shows, how large, and where in the crop.
struct WindowPlacement {
  /// What is cut out of the image.
  var region: Image.Region
  /// The size that it gets.
  var width, height: Int
  /// The columns of the crop to its left and the rows above it, which stay zero.
  var left = 0, top = 0

  /// How windows are cut out.
  struct Rule: Sendable {
    /// The length of a side of the crop.
    var crop: Int
    /// The columns and rows of context on each side, less than half of the crop.
    var context: Int
    /// Windows get square before they are cut out.
    var isSquare: Bool
  }

  /// The window as it is, or with its context, as far as that lies within the image; nil if nothing of it does.
  ///
  /// Caffe's arithmetic, in single precision.
  init?(_ window: WindowFile.Window, width: Int, height: Int, _ rule: Rule, isMirrored: Bool) {
    var columns = WindowPlacement.Side(Int(window.x1), Int(window.x2))
    var rows = WindowPlacement.Side(Int(window.y1), Int(window.y2))
    guard rule.context > 0 || rule.isSquare else {
      guard columns.first >= 0, columns.count > 0, columns.last < width else { return nil }
      guard rows.first >= 0, rows.count > 0, rows.last < height else { return nil }
      region = Image.Region(x: columns.first, y: rows.first, width: columns.count, height: rows.count)
      (self.width, self.height) = (rule.crop, rule.crop)
      return
    }
    let scale = Float(rule.crop) / Float(rule.crop - 2 * rule.context)
    var (halfWidth, halfHeight) = (Float(columns.count) / 2, Float(rows.count) / 2)
    let (middle, centre) = (Float(columns.first) + halfWidth, Float(rows.first) + halfHeight)
    if rule.isSquare {
      halfWidth = max(halfWidth, halfHeight)
      halfHeight = halfWidth
    }
    columns = Side(around: middle, halfWidth * scale)
    rows = Side(around: centre, halfHeight * scale)
    let across = columns.clipped(to: width, crop: rule.crop, isReversed: isMirrored)
    let down = rows.clipped(to: height, crop: rule.crop, isReversed: false)
    guard let across, let down else { return nil }
    region = Image.Region(x: across.first, y: down.first, width: across.count, height: down.count)
    (self.width, self.height, left, top) = (across.size, down.size, across.padding, down.padding)
  }

  /// The columns or the rows of a window.
  private struct Side {
    var first: Int
    var last: Int
    var count: Int { last - first + 1 }

    init(_ first: Int, _ last: Int) { (self.first, self.last) = (first, last) }

    init(around middle: Float, _ half: Float) {
      (first, last) = (Int((middle - half).rounded()), Int((middle + half).rounded()))
    }

    /// What lies within an image of this length: its part of the crop, and how much of the crop is before it.
    func clipped(
      to length: Int, crop: Int, isReversed: Bool
    ) -> (first: Int, count: Int, size: Int, padding: Int)? {
      let (before, after) = (max(0, -first), max(0, last - length + 1))
      let inside = Side(first + before, last - after)
      guard inside.count > 0, inside.first < length else { return nil }
      let scale = Float(crop) / Float(count)
      let padding = Int((Float(isReversed ? after : before) * scale).rounded())
      let size = min(Int((Float(inside.count) * scale).rounded()), crop - padding)
      return size > 0 ? (inside.first, inside.count, size, padding) : nil
    }
  }
}
