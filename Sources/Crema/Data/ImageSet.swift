import Prototxt

/// Builds a database of images and labels, record for record as Caffe's `convert_imageset` does.
public struct ImageSet: Sendable {
  /// What keeps the records.
  public var backend = DatabaseBackend.lmdb
  /// One channel instead of three.
  public var isGray = false
  /// The size that every image gets; 0: its own.
  public var height = 0
  /// The size that every image gets; 0: its own.
  public var width = 0
  /// Refuses images whose sizes differ from the first one's.
  public var checksSize = false
  /// Stores whole image files instead of pixels.
  public var isEncoded = false
  /// The format of stored files, such as `png`; empty: that of each file's name.
  public var encodeType = ""
  /// Replaces a database that exists.
  public var overwrites = false
  /// The number of threads that read, decode and resize.
  public var threads = 1

  /// An LMDB; three channels, any size, pixels.
  public init() {}

  /// What became of the images of a list.
  public struct Report: Sendable, Equatable {
    /// The number of records written.
    public internal(set) var written = 0
    /// The images that could not be used, in the order of the list, and why.
    public internal(set) var unusable: [Diagnostic] = []
    /// The images that are damaged and were used all the same, with what is missing filled up as OpenCV does it.
    public internal(set) var damaged: [Diagnostic] = []

    /// Nothing has been written.
    public init() {}
  }

  /// Converts the images of a list. Keys are the line's number and the path: `00000000_cat.png`.
  ///
  /// Images that cannot be used are left out, as in Caffe.
  ///
  /// - Parameters:
  ///   - folder: what the paths of the list are appended to; empty: nothing.
  ///   - database: the folder of the database, which appears when all is written.
  ///   - log: takes what Caffe logs.
  ///   - progress: called with the number of lines that are done, after each.
  /// - Throws: parameters that exclude each other, a database that exists or cannot be written, sizes that differ, a list of
  ///   which no image can be used. There is then no new database.
  public func convert(
    _ list: ImageList, in folder: String, to database: String, log: Log = .silent, progress: (Int) -> Void = { _ in }
  ) throws(Diagnostic) -> Report {
    try checkOptions()
    let place = try NewDatabase(at: database, overwrites: overwrites)
    var writer = try backend.writer(creating: place.path)
    backend.logOpening(database, log)
    var report = Report()
    var first: (size: Int, path: String)?
    let work = OrderedWork(count: list.entries.count, threads: threads) { index in
      Result { () throws(Diagnostic) in try record(list.entries[index], folder) }
    } size: { item in
      if case .success(let record) = item { record.bytes.count } else { 0 }
    }
    try work.run { index, item throws(Diagnostic) in
      let entry = list.entries[index]
      defer { progress(index + 1) }
      let record: Record
      switch item {
      case .success(let made): record = made
      case .failure(let problem):
        log.add(.error, "io.cpp", 80, "Could not open or find file \(folder + entry.path)")
        report.unusable.append(problem)
        return
      }
      if let damage = record.damage {
        report.damaged.append(Diagnostic("image '\(folder + entry.path)': \(damage)", severity: .warning))
      }
      if checksSize { try check(record, entry, &first) }
      do { try writer.put(key(index, entry.path), record.bytes) } catch { throw Diagnostic("\(error)") }
      report.written += 1
      if report.written % DatabaseBackend.recordsPerCommit == 0 { log.processed(report.written, 147) }
    }
    guard report.written > 0 else { throw noneUsable(report) }
    do { try writer.close() } catch { throw Diagnostic("\(error)") }
    try place.finish()
    if report.written % DatabaseBackend.recordsPerCommit != 0 { log.processed(report.written, 153) }
    return report
  }

  private func checkOptions() throws(Diagnostic) {
    guard width >= 0, height >= 0, (width == 0) == (height == 0) else {
      throw Diagnostic("give both resize_width and resize_height, or neither; not \(width) and \(height)")
    }
    guard width <= 1 << 16, height <= 1 << 16 else {
      throw Diagnostic("resize_width and resize_height are at most 65536; not \(width) and \(height)")
    }
    guard isEncoded || encodeType.isEmpty else {
      throw Diagnostic("encode_type '\(encodeType)' is of use only with encoded")
    }
    guard encodeType.isEmpty || Self.encodings.contains(encodeType.lowercased()) else {
      throw Diagnostic(
        "encode_type '\(encodeType)' is not among those that Crema writes: \(Self.encodings.joined(separator: ", "))")
    }
  }

  private func key(_ index: Int, _ path: String) -> String {
    zeroPadded(index, 8) + "_" + path
  }

  private func check(
    _ record: Record, _ entry: ImageList.Entry, _ first: inout (size: Int, path: String)?
  ) throws(Diagnostic) {
    guard let known = first else {
      first = (record.valueCount, entry.path)
      return
    }
    guard record.valueCount == known.size else {
      throw Diagnostic(
        "'\(entry.path)' has \(record.valueCount) values, but '\(known.path)', the first image, has \(known.size); "
          + "leave out --check_size, or make all images one size")
    }
  }

  private func noneUsable(_ report: Report) -> Diagnostic {
    var error = Diagnostic(
      "none of the \(report.unusable.count) images could be used; check the list and the folder that its paths start in"
    )
    error.notes = report.unusable.prefix(10).map { Diagnostic($0.message, severity: .note) }
    return error
  }
}

extension Log {
  fileprivate func processed(_ count: Int, _ line: Int) {
    info("convert_imageset.cpp", line, "Processed \(count) files.")
  }
}
