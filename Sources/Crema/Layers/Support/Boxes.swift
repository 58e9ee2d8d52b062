import Glibc

/// A rectangle, in parts of an image's width and height.
struct Box: Sendable {
  let left: Float, top: Float, right: Float, bottom: Float
  /// The area; 0 if a side is negative.
  let size: Float

  init(_ left: Float, _ top: Float, _ right: Float, _ bottom: Float) {
    (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
    size = right < left || bottom < top ? 0 : (right - left) * (bottom - top)
  }

  /// The area of both together that is in both, from 0 to 1.
  func overlap(_ other: Box) -> Float {
    if other.left > right || other.right < left || other.top > bottom || other.bottom < top { return 0 }
    let width = min(right, other.right) - max(left, other.left)
    let height = min(bottom, other.bottom) - max(top, other.top)
    guard width > 0, height > 0 else { return 0 }
    return width * height / (size + other.size - width * height)
  }
}

/// How four numbers move a box, by the names of the prototxt.
enum BoxCode: String, Sendable {
  case corner = "CORNER"
  case centerSize = "CENTER_SIZE"
  case cornerSize = "CORNER_SIZE"

  /// The moved box.
  func decode(_ box: Box, _ by: (Float, Float, Float, Float)) -> Box {
    let (width, height) = (box.right - box.left, box.bottom - box.top)
    switch self {
    case .corner: return Box(box.left + by.0, box.top + by.1, box.right + by.2, box.bottom + by.3)
    case .cornerSize:
      return Box(
        box.left + by.0 * width, box.top + by.1 * height, box.right + by.2 * width, box.bottom + by.3 * height)
    case .centerSize:
      let x = by.0 * width + (box.left + box.right) / 2, y = by.1 * height + (box.top + box.bottom) / 2
      let halfWidth = expf(by.2) * width / 2, halfHeight = expf(by.3) * height / 2
      return Box(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight)
    }
  }
}

/// The choice of the best of boxes that overlap.
struct Suppression: Sendable {
  /// What a score must exceed.
  let threshold: Float
  /// The largest overlap of two boxes that are both kept.
  let overlap: Float
  /// The factor of that for each box that is kept, as long as it is above 1/2.
  let decay: Float
  /// How many boxes of the best scores are looked at; `nil` for all.
  let most: Int?

  /// The indices of the boxes that are kept, the best scores first, and of equal ones the first.
  func keep(_ boxes: [Box], _ scores: (Int) -> Float) -> [Int] {
    var order: [UInt64] = []
    for index in boxes.indices {
      let score = scores(index)
      if score > threshold { order.append(Self.rank(score, index)) }
    }
    if let most, most < order.count {
      Self.moveSmallest(most, of: &order)
      order.removeSubrange(most...)
    }
    order.sort()
    var (kept, limit): ([Int], Float) = ([], overlap)
    for rank in order {
      let index = Int(rank & 0xFFFF_FFFF)
      guard kept.allSatisfy({ boxes[index].overlap(boxes[$0]) <= limit }) else { continue }
      kept.append(index)
      if decay < 1, limit > 0.5 { limit *= decay }
    }
    return kept
  }

  /// A number that is smaller for a better score, and of equal ones for the first index.
  private static func rank(_ score: Float, _ index: Int) -> UInt64 {
    let bits = (score + 0).bitPattern, ascending = bits >> 31 == 1 ? ~bits : bits | 0x8000_0000
    return UInt64(~ascending) << 32 | UInt64(index)
  }

  /// Moves the `count` smallest of different numbers to the front, in any order.
  private static func moveSmallest(_ count: Int, of numbers: inout [UInt64]) {
    var (first, last) = (0, numbers.count - 1)
    while first < last {
      let pivot = numbers[(first + last) / 2]
      var (low, high) = (first, last)
      while low <= high {
        while numbers[low] < pivot { low += 1 }
        while numbers[high] > pivot { high -= 1 }
        guard low <= high else { break }
        numbers.swapAt(low, high)
        low += 1
        high -= 1
      }
      if count - 1 <= high { last = high } else if count - 1 >= low { first = low } else { return }
    }
  }
}
