import Glibc
import Images
import LMDB
import Prototxt

/// Builds an LMDB of images and labels, record for record as Caffe's `convert_imageset` does.
public struct ImageSet: Sendable {
  /// One channel instead of three.
  public var isGray = false
  /// The size that every image must have; 0: any.
  public var height = 0
  /// The size that every image must have; 0: any.
  public var width = 0
  /// Refuses images whose sizes differ from the first one's.
  public var checksSize = false
  /// Stores whole image files instead of pixels.
  public var isEncoded = false
  /// The format of stored files, such as `png`; empty: that of each file's name.
  public var encodeType = ""
  /// Replaces a database that exists.
  public var overwrites = false

  /// Three channels, any size, pixels.
  public init() {}

  /// What became of the images of a list.
  public struct Report: Sendable, Equatable {
    /// The number of records written.
    public var written = 0
    /// The number of images that could not be used.
    public var failed = 0

    /// Numbers of images.
    public init(written: Int = 0, failed: Int = 0) { (self.written, self.failed) = (written, failed) }
  }

  /// Converts the images of a list. Keys are the line's number and the path: `00000000_cat.png`.
  ///
  /// - Parameters:
  ///   - folder: what the paths of the list are appended to; empty: nothing.
  ///   - database: the folder of the database, which appears when all is written.
  ///   - progress: called with the number of records, after every 1000 and at the end.
  ///   - complain: called for each image that cannot be used; the others are written.
  /// - Throws: parameters that exclude each other, a database that exists or cannot be written, sizes that differ.
  public func convert(
    _ list: ImageList, in folder: String, to database: String, progress: (Int) -> Void = { _ in },
    complain: (Diagnostic) -> Void
  ) throws(Diagnostic) -> Report {
    try checkOptions()
    let replaced = try replaced(database)
    var report = Report()
    do {
      var writer = try Writer(creating: replaced == nil ? database : database + ".new")
      var first: (size: Int, path: String)?
      for (i, entry) in list.entries.enumerated() {
        let record: (bytes: [UInt8], size: Int)
        do throws(Diagnostic) { record = try self.record(entry, folder) } catch {
          report.failed += 1
          complain(error)
          continue
        }
        if let first, checksSize, record.size != first.size {
          throw Diagnostic(
            "'\(entry.path)' has \(record.size) values, but '\(first.path)', the first image, has \(first.size); "
              + "leave out --check_size, or make all images one size")
        }
        if first == nil { first = (record.size, entry.path) }
        try writer.put(key(i, entry.path), record.bytes)
        report.written += 1
        if report.written % Writer.recordsPerTransaction == 0 { progress(report.written) }
      }
      guard report.written > 0 else { throw Diagnostic("none of the \(report.failed) images could be used") }
      try writer.close()
    } catch let error as Diagnostic { throw error } catch { throw Diagnostic("\(error)") }
    if let replaced { try replace(replaced, by: database + ".new") }
    if report.written % Writer.recordsPerTransaction != 0 { progress(report.written) }
    return report
  }

  private func checkOptions() throws(Diagnostic) {
    guard width >= 0, height >= 0, (width == 0) == (height == 0) else {
      throw Diagnostic("give both resize_width and resize_height, or neither; not \(width) and \(height)")
    }
    guard isEncoded || encodeType.isEmpty else {
      throw Diagnostic("encode_type '\(encodeType)' is of use only with encoded")
    }
  }

  private func key(_ index: Int, _ path: String) -> String {
    let digits = String(index)
    return String(repeating: "0", count: max(0, 8 - digits.count)) + digits + "_" + path
  }

  /// The Datum of one image, and how many values its pixels have.
  private func record(_ entry: ImageList.Entry, _ folder: String) throws(Diagnostic) -> (bytes: [UInt8], size: Int) {
    let path = folder + entry.path
    let image: Image
    do throws(ImageError) {
      let original = try Image(contentsOf: path, mode: isGray ? .gray : .color)
      image = height == 0 ? original : try original.resized(width: width, height: height)
    } catch { throw Diagnostic("\(error)") }
    guard isEncoded else {
      let planes = image.planar()
      let record = Datum.encoded(
        channels: image.channels, height: image.height, width: image.width, pixels: planes, label: Int(entry.label))
      return (record, planes.count)
    }
    return (Datum.encoded(file: try file(path, image), label: Int(entry.label)), image.pixels.count)
  }

  /// The bytes of the image file that is stored: those of the file itself if its format is the one that is wanted.
  private func file(_ path: String, _ image: Image) throws(Diagnostic) -> [UInt8] {
    let ending = path.split(separator: "/").last?.split(separator: ".", omittingEmptySubsequences: false) ?? []
    let own = ending.count > 1 ? ending[ending.count - 1].lowercased() : ""
    let wanted = encodeType.isEmpty ? own : encodeType.lowercased()
    if height == 0, own == wanted || (own == "jpeg" && wanted == "jpg") {
      return try MappedFile(path).withBytes { bytes in
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for i in bytes.indices { copy.append(bytes[i]) }
        return copy
      }
    }
    guard ["png", "jpg", "jpeg", "jpe"].contains(wanted) else {
      throw Diagnostic(
        "'\(path)' cannot be stored as '\(wanted)': Crema writes PNG and JPEG; say --encode_type png or jpg")
    }
    do throws(ImageError) { return try wanted == "png" ? image.pngData() : image.jpegData() } catch {
      throw Diagnostic("'\(path)': \(error)")
    }
  }

  /// The database that is to be replaced; nil if there is none. Throws if there is one that may not be.
  private func replaced(_ database: String) throws(Diagnostic) -> String? {
    guard InputEnvironment.exists(database) else { return nil }
    guard overwrites else {
      throw Diagnostic("'\(database)' exists already; choose another name, delete it, or say --overwrite")
    }
    guard InputEnvironment.exists(database + "/data.mdb") else {
      throw Diagnostic("'\(database)' exists and is no LMDB, so it is not replaced; choose another name")
    }
    return database
  }

  private func replace(_ old: String, by new: String) throws(Diagnostic) {
    for file in ["data.mdb", "lock.mdb"] { _ = unsafe unlink("\(old)/\(file)") }
    guard unsafe rmdir(old) == 0, unsafe rename(new, old) == 0 else {
      throw Diagnostic(
        "'\(old)' cannot be replaced (\(unsafe String(cString: strerror(errno)))); the new database is '\(new)'")
    }
  }
}
