import Images
import Prototxt

extension MeanImage {
  /// The mean of all images of a database, with Caffe's arithmetic: sums in single precision, in the order of the keys.
  ///
  /// - Parameters:
  ///   - path: the folder of the database.
  ///   - backend: what keeps it.
  ///   - threads: how many threads decode image files.
  ///   - log: takes what Caffe logs.
  ///   - progress: called with the number of images, after each.
  /// - Throws: a database that cannot be read or is empty, a record that is damaged, images of different sizes.
  public init(
    ofDatabase path: String, _ backend: DatabaseBackend, threads: Int = 1, log: Log = .silent,
    progress: (Int) -> Void = { _ in }
  ) throws(Diagnostic) {
    var cursor = try backend.cursor(path)
    backend.logOpening(path, log)
    var sum = MeanSum(database: path)
    var block: [StoredImage] = [], bytes = 0, isAtEnd = false
    while !isAtEnd {
      let next: StoredImage?
      do { next = try cursor.next { key, value in StoredImage(key, value) } } catch { throw Diagnostic("\(error)") }
      if let next {
        if sum.count == 0, block.isEmpty { MeanSum.announce(next, log) }
        bytes += next.record.count
        block.append(next)
      }
      isAtEnd = next == nil
      guard isAtEnd || block.count == 256 || bytes >= 64 << 20 else { continue }
      let work = OrderedWork(count: block.count, threads: block.contains(where: \.isEncoded) ? threads : 1) {
        [block] index in
        block[index].planes()
      }
      try work.run { index, item throws(Diagnostic) in
        try sum.add(item, of: block[index])
        if sum.count % MeanSum.imagesPerLine == 0 { MeanSum.tell(sum.count, 95, log) }
        progress(sum.count)
      }
      (block, bytes) = ([], 0)
    }
    if sum.count % MeanSum.imagesPerLine != 0 { MeanSum.tell(sum.count, 101, log) }
    self = sum.mean
  }

  /// The mean of each channel: its values added up one by one.
  public var channelMeans: [Float] {
    let plane = height * width
    return (0..<channels).map { channel in
      values[channel * plane..<(channel + 1) * plane].reduce(0, +) / Float(plane)
    }
  }

  /// Writes the file that Caffe's `compute_image_mean` writes; one that was there is replaced when the new one is complete.
  ///
  /// - Throws: why it cannot be written.
  public func write(to path: String) throws(Diagnostic) {
    var writer = WireWriter()
    for (index, size) in [1, channels, height, width].enumerated() { writer.field(index + 1, Int64(size)) }
    writer.header(5, length: 4 * values.count)
    for value in values { writer.fixed32(value.bitPattern) }
    let bytes = writer.bytes
    try replaceFile(at: path) { temporary throws(Diagnostic) in
      let stream = try FileStream(temporary, name: path)
      try stream.write(bytes)
      try stream.finish()
    }
  }
}

/// A record on its way to the mean.
private struct StoredImage: Sendable {
  let key: String
  let record: [UInt8]
  let isEncoded: Bool

  init(_ key: RawSpan, _ value: RawSpan) {
    let record = unsafe value.withUnsafeBytes { unsafe [UInt8]($0) }
    self.key = withBytes(of: key) { text(ofKey: $0) }
    self.record = record
    isEncoded = (try? Datum(record.span))?.isEncoded ?? false
  }

  /// The values of an image, plane after plane.
  struct Planes: Sendable {
    let channels: Int, height: Int, width: Int
    /// The bytes of `record` with the values, or else an image's own bytes, or floats.
    var range = 0..<0
    var bytes: [UInt8] = []
    var floats: [Float] = []
  }

  /// Decodes the image, as it is, and checks its sizes.
  func planes() -> Result<Planes, Diagnostic> {
    Result { () throws(Diagnostic) in
      let datum = try Datum(record.span)
      guard !datum.isEncoded else {
        do throws(ImageError) {
          let image = try unsafe Image(bytes: record.span.extracting(datum.bytes).bytes, mode: .unchanged)
          return Planes(channels: image.channels, height: image.height, width: image.width, bytes: image.planar())
        } catch { throw Diagnostic("its \(datum.bytes.count) bytes are no image that can be decoded: \(error)") }
      }
      try datum.checkCounts()
      var planes = Planes(channels: datum.channels, height: datum.height, width: datum.width, range: datum.bytes)
      if !datum.hasBytes { try datum.addFloats(of: record.span, to: &planes.floats) }
      return planes
    }
  }
}

/// The sum of images of one size.
private struct MeanSum {
  /// Caffe tells the number of images after each so many.
  static let imagesPerLine = 10_000

  let database: String
  private(set) var count = 0
  private var sums: [Float] = []
  private var sizes = (channels: 0, height: 0, width: 0)
  private var firstKey = ""

  init(database: String) { self.database = database }

  static func announce(_ first: StoredImage, _ log: Log) {
    if first.isEncoded { log.info("compute_image_mean.cpp", 57, "Decoding Datum") }
    log.info("compute_image_mean.cpp", 70, "Starting iteration")
  }

  static func tell(_ count: Int, _ line: Int, _ log: Log) {
    log.info("compute_image_mean.cpp", line, "Processed \(count) files.")
  }

  mutating func add(_ item: Result<StoredImage.Planes, Diagnostic>, of image: StoredImage) throws(Diagnostic) {
    let planes: StoredImage.Planes
    do throws(Diagnostic) { planes = try item.get() } catch {
      throw Diagnostic("database '\(database)', record '\(image.key)': \(error.message)", notes: error.notes)
    }
    let found = (channels: planes.channels, height: planes.height, width: planes.width)
    if count == 0 {
      (sizes, firstKey) = (found, image.key)
      sums = Array(repeating: 0, count: found.channels * found.height * found.width)
    }
    guard found == sizes else {
      throw Diagnostic(
        "database '\(database)', record '\(image.key)': its image is \(text(found)), but the first one, '\(firstKey)', is "
          + "\(text(sizes)) (channels x height x width); a mean needs images of one size: convert them with --resize_height "
          + "and --resize_width")
    }
    if !planes.floats.isEmpty {
      for i in sums.indices { sums[i] += planes.floats[i] }
    } else if planes.bytes.isEmpty {
      addBytes(image.record, from: planes.range.lowerBound)
    } else {
      addBytes(planes.bytes, from: 0)
    }
    count += 1
  }

  private mutating func addBytes(_ bytes: [UInt8], from start: Int) {
    precondition(bytes.count - start >= sums.count)
    unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe sums.withUnsafeMutableBufferPointer { sums in
        for i in sums.indices { unsafe sums[i] += Float(bytes[start + i]) }
      }
    }
  }

  private func text(_ sizes: (channels: Int, height: Int, width: Int)) -> String {
    "\(sizes.channels)x\(sizes.height)x\(sizes.width)"
  }

  var mean: MeanImage {
    MeanImage(
      channels: sizes.channels, height: sizes.height, width: sizes.width, values: sums.map { $0 / Float(count) })
  }
}
