import Prototxt

/// A list of images and of windows in them: for each image `# index path channels height width count`, and then `count` times
/// `class overlap x1 y1 x2 y2`, all separated by white space.
struct WindowFile: Sendable {
  /// One image.
  struct Entry: Sendable, Equatable {
    var path: String
    /// What the file says; only the log uses it.
    var channels, height, width: Int
    /// The number of windows that the file has for it.
    var windows: Int
    /// Where in the file it starts, in bytes.
    var offset: Int
  }

  /// A rectangle of an image, its last column and row included.
  struct Window: Sendable, Equatable {
    var image: Int32
    /// The class; 0 for the background.
    var label: Int32
    var x1, y1, x2, y2: Int32
    /// Where in the file it is, in bytes.
    var offset: Int
  }

  /// Where the file is.
  let path: String
  private(set) var images: [Entry] = []
  /// Windows that overlap with an object by at least the foreground's threshold.
  private(set) var foreground: [Window] = []
  /// Windows that overlap by less than the background's threshold; others are dropped.
  private(set) var background: [Window] = []

  /// Reads the file at `path`.
  ///
  /// - Parameters:
  ///   - foregroundThreshold: the least overlap of a window of the foreground.
  ///   - backgroundThreshold: windows with less overlap, and with less than the former, are of the background.
  /// - Throws: a file that cannot be read, or the first thing in it that is not as it must be, with its place.
  init(contentsOf path: String, foregroundThreshold: Float, backgroundThreshold: Float) throws(Diagnostic) {
    self.path = path
    let file = try MappedFile(path)
    do throws(WindowFault) {
      try file.withBytes { bytes throws(WindowFault) in
        try read(bytes, foregroundThreshold, backgroundThreshold)
      }
    } catch { throw self.error(error.message, at: error.offset) }
  }

  /// An error about a place in the file.
  func error(_ message: String, at offset: Int, notes: [Diagnostic] = []) -> Diagnostic {
    guard let text = try? SourceText(contentsOf: path) else {
      return Diagnostic("window file '\(path)', byte \(offset): \(message)", notes: notes)
    }
    return Diagnostic(message, at: SourceLocation(source: text, offset: offset), notes: notes)
  }

  private mutating func read(_ bytes: Span<UInt8>, _ high: Float, _ low: Float) throws(WindowFault) {
    var words = WindowWords()
    while let (mark, offset) = words.next(in: bytes) {
      guard mark == "#" else {
        throw WindowFault(
          "an image must start with '#', not with '\(mark)'; perhaps the count of windows before is wrong", offset)
      }
      let index = try words.integer("the number of the image", in: bytes)
      guard index == images.count else {
        throw WindowFault(
          "image \(index) is the \(images.count)th of the file; images must be numbered 0, 1, 2, ...", offset)
      }
      let path = try words.word("the path of the image", in: bytes)
      var entry = Entry(path: path, channels: 0, height: 0, width: 0, windows: 0, offset: offset)
      entry.channels = try words.integer("the number of channels", in: bytes)
      entry.height = try words.integer("the height", in: bytes)
      entry.width = try words.integer("the width", in: bytes)
      entry.windows = try words.integer("the number of windows", in: bytes)
      guard entry.windows >= 0 else { throw WindowFault("an image has \(entry.windows) windows", offset) }
      images.append(entry)
      for _ in 0..<entry.windows { try readWindow(&words, bytes, high, low) }
    }
    guard !images.isEmpty else { throw WindowFault("Window file is empty", 0) }
  }

  private mutating func readWindow(
    _ words: inout WindowWords, _ bytes: Span<UInt8>, _ high: Float, _ low: Float
  ) throws(WindowFault) {
    let offset = words.start(in: bytes)
    let label = try words.integer("the class of the window", in: bytes)
    let overlap = try words.number("the overlap of the window", in: bytes)
    var corners: [4 of Int32] = [0, 0, 0, 0]
    for i in 0..<4 { corners[i] = Int32(try words.integer("a corner of the window", in: bytes)) }
    var window = Window(
      image: Int32(images.count - 1), label: Int32(label), x1: corners[0], y1: corners[1], x2: corners[2],
      y2: corners[3], offset: offset)
    if overlap >= high {
      guard label > 0 else {
        throw WindowFault(
          "a window of the foreground (overlap \(overlap), at least \(high)) must have a class above 0, not \(label)",
          offset)
      }
      foreground.append(window)
    } else if overlap < low {
      window.label = 0
      background.append(window)
    }
  }
}

/// What is wrong with a window file, and where.
private struct WindowFault: Error {
  let message: String
  let offset: Int

  init(_ message: String, _ offset: Int) { (self.message, self.offset) = (message, offset) }
}

/// The words of a text, one after the other.
private struct WindowWords {
  private var offset = 0

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

  /// Where the next word starts.
  mutating func start(in bytes: Span<UInt8>) -> Int {
    while offset < bytes.count, WindowWords.isSpace(bytes[offset]) { offset += 1 }
    return offset
  }

  /// The next word and its place; nil at the end.
  mutating func next(in bytes: Span<UInt8>) -> (word: String, offset: Int)? {
    let start = start(in: bytes)
    while offset < bytes.count, !WindowWords.isSpace(bytes[offset]) { offset += 1 }
    guard offset > start else { return nil }
    let word = unsafe bytes.extracting(start..<offset).withUnsafeBufferPointer {
      unsafe String(decoding: $0, as: UTF8.self)
    }
    return (word, start)
  }

  mutating func word(_ what: String, in bytes: Span<UInt8>) throws(WindowFault) -> String {
    guard let (word, _) = next(in: bytes) else {
      throw WindowFault("the file ends where \(what) is wanted", bytes.count)
    }
    return word
  }

  /// A whole number of 32 bits.
  mutating func integer(_ what: String, in bytes: Span<UInt8>) throws(WindowFault) -> Int {
    let start = start(in: bytes)
    let word = try word(what, in: bytes)
    guard let number = Int32(word) else { throw WindowFault("\(what) must be a whole number, not '\(word)'", start) }
    return Int(number)
  }

  mutating func number(_ what: String, in bytes: Span<UInt8>) throws(WindowFault) -> Float {
    let start = start(in: bytes)
    let word = try word(what, in: bytes)
    guard let number = Float(word), number.isFinite else {
      throw WindowFault("\(what) must be a number, not '\(word)'", start)
    }
    return number
  }
}
