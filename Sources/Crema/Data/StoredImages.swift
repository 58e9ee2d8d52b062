import Prototxt

/// The images of a batch as they are stored, and what is to happen to each: they become numbers only where those are wanted.
package struct StoredImages: Sendable {
  private struct Entry: Sendable {
    let picture: Picture
    let cut: Transformer.Cut
    /// Where its values begin in `bytes` or `floats`.
    let start: Int
    let isBytes: Bool
  }

  private let transformer: Transformer
  private var entries: [Entry] = []
  private var bytes: [UInt8] = []
  private var floats: [Float] = []

  /// No images.
  init(_ transformer: Transformer) { self.transformer = transformer }

  /// No images; the memory stays.
  mutating func removeAll() {
    entries.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
    floats.removeAll(keepingCapacity: true)
  }

  /// Adds the image of a record, and draws what happens to it.
  ///
  /// - Parameter shape: the channels, height and width that the transformed image must have.
  mutating func add(
    _ opened: Transformer.Opened, _ datum: Datum, _ record: Span<UInt8>, _ shape: [Int], _ random: RandomStream?
  ) throws(Diagnostic) {
    try transformer.check(opened.picture, shape, Transformer.adviceForRecords)
    let cut = transformer.cut(opened.picture, random)
    let isBytes = opened.image != nil || datum.hasBytes
    entries.append(
      Entry(picture: opened.picture, cut: cut, start: isBytes ? bytes.count : floats.count, isBytes: isBytes))
    if let image = opened.image {
      bytes += image.pixels
    } else if isBytes {
      unsafe record.withUnsafeBufferPointer { unsafe bytes += $0[datum.bytes] }
    } else {
      try datum.addFloats(of: record, to: &floats)
    }
  }

  /// Writes an image, transformed, as all of `top`.
  func write(_ index: Int, into top: Tensor) {
    let entry = entries[index]
    top.write { numbers in
      if entry.isBytes {
        transformer.write(bytes.span, from: entry.start, entry.picture, entry.cut, into: &numbers, at: 0)
      } else {
        transformer.write(floats.span, from: entry.start, entry.picture, entry.cut, into: &numbers, at: 0)
      }
    }
  }
}
