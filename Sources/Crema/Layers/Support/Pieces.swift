import Prototxt

/// The runs of numbers that several blobs have in one blob that holds them all along an axis.
struct Pieces {
  private let outer: Int
  private let lengths: [Int]

  init(_ shapes: [Shape], axis: Int) {
    outer = shapes[0].count(0..<axis)
    lengths = shapes.map { $0.count(from: axis) }
  }

  /// Each run: the index of the small blob, the length, the start in the small blob and in the large one.
  @inline(__always)
  func each(_ body: (_ index: Int, _ count: Int, _ small: Int, _ large: Int) -> Void) {
    var large = 0
    for i in 0..<outer {
      for (index, count) in lengths.enumerated() {
        body(index, count, i * count, large)
        large += count
      }
    }
  }
}

extension AxisField {
  /// An axis that has an older name, which counts from 0 and may not be given as well.
  init(_ message: Message, _ field: String = "axis", old: String) throws(Diagnostic) {
    guard message.has(old) else {
      self.init(message, field)
      return
    }
    guard !message.has(field) else {
      throw message.error(old, "\(old) is the old name of \(field), and both are given; remove \(old)")
    }
    self.init(message, old)
  }
}
