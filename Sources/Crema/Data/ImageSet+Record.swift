import Images
import Prototxt

extension ImageSet {
  /// A Datum, ready to be written.
  struct Record: Sendable {
    let bytes: [UInt8]
    /// How many values the pixels of its image have.
    let valueCount: Int
    /// What is wrong with the image's file, if it could be decoded all the same.
    let damage: String?
  }

  /// The formats of files that can be written.
  static let encodings = ["png", "jpg", "jpeg", "jpe"]

  /// Reads, decodes and resizes an image.
  ///
  /// - Throws: a file that cannot be read, or that has to be stored in a format that Crema does not write.
  func record(_ entry: ImageList.Entry, _ folder: String) throws(Diagnostic) -> Record {
    let path = folder + entry.path
    let image: Image
    do throws(ImageError) {
      image = try Image(
        contentsOf: path, mode: isGray ? .gray : .color, size: height == 0 ? nil : (width: width, height: height))
    } catch { throw Diagnostic("\(error)") }
    let label = Int(entry.label)
    let bytes =
      isEncoded ? Datum.encoded(file: try file(path, image), label: label) : Datum.encoded(image, label: label)
    return Record(bytes: bytes, valueCount: image.pixels.count, damage: image.damage)
  }

  /// The bytes of the image file that is stored: those of the file itself if its format is the one that is wanted.
  private func file(_ path: String, _ image: Image) throws(Diagnostic) -> [UInt8] {
    let ending = path.split(separator: "/").last?.split(separator: ".", omittingEmptySubsequences: false) ?? []
    let own = ending.count > 1 ? ending[ending.count - 1].lowercased() : ""
    let wanted = encodeType.isEmpty ? own : encodeType.lowercased()
    if height == 0, own == wanted || (own == "jpeg" && wanted == "jpg") {
      return try MappedFile(path).withBytes { [UInt8](copying: $0) }
    }
    guard Self.encodings.contains(wanted) else {
      throw Diagnostic(
        "'\(path)' cannot be stored as '\(wanted)': Crema writes PNG and JPEG; say --encode_type png or jpg")
    }
    do throws(ImageError) { return try wanted == "png" ? image.pngData() : image.jpegData() } catch {
      throw Diagnostic("'\(path)': \(error)")
    }
  }
}
