import Prototxt

/// What a file is, by its first bytes: for telling people that they named the wrong one.
package enum FileKind: Sendable, Equatable {
  case empty, hdf5, pointer, page, archive, text, solverState, mean, other

  private static let starts: [(bytes: [UInt8], kind: FileKind)] = [
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], .hdf5),
    (Array("version https://git-lfs".utf8), .pointer),
    (Array("<!DOCTYPE".utf8), .page), (Array("<!doctype".utf8), .page), (Array("<html".utf8), .page),
    ([0x1F, 0x8B], .archive), ([0x50, 0x4B, 3, 4], .archive), (Array("BZh".utf8), .archive),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A], .archive), (Array("Rar!".utf8), .archive), ([0x37, 0x7A, 0xBC, 0xAF], .archive),
  ]

  /// The kind of a file with these bytes; `other` may be a caffemodel or anything else.
  package init(of bytes: Span<UInt8>) {
    guard bytes.count > 0 else {
      self = .empty
      return
    }
    let first = Self.starts.first { start in
      start.bytes.count <= bytes.count && start.bytes.indices.allSatisfy { bytes[$0] == start.bytes[$0] }
    }
    self = first?.kind ?? (Self.isText(bytes) ? .text : Self.message(bytes))
  }

  /// The kind of the file at `path`.
  ///
  /// - Throws: a file that cannot be read.
  package init(contentsOf path: String) throws(Diagnostic) {
    self = try MappedFile(path).withBytes { FileKind(of: $0) }
  }

  private static func isText(_ bytes: Span<UInt8>) -> Bool {
    (0..<min(bytes.count, 1000)).allSatisfy { i in
      bytes[i] >= 0x20 && bytes[i] != 0x7F || bytes[i] == 0x09 || bytes[i] == 0x0A || bytes[i] == 0x0D
    }
  }

  /// Both a solver's state and a mean image begin with a number; then come a text and a list, or more numbers.
  private static func message(_ bytes: Span<UInt8>) -> FileKind {
    var reader = WireReader(0..<bytes.count)
    guard let first = try? reader.next(in: bytes), first.number == 1, first.type == .varint else { return .other }
    guard bytes[first.range.upperBound - 1] < 0x80, first.range.upperBound < bytes.count else { return .other }
    let next = bytes[first.range.upperBound]
    if next == 0x12 || next == 0x1A || next == 0x20 { return .solverState }
    return next == 0x10 || next == 0x2A ? .mean : .other
  }

  /// What a person calls such a file.
  package var noun: String {
    switch self {
    case .empty: "empty (0 bytes)"
    case .hdf5: "an HDF5 file"
    case .pointer: "a Git LFS pointer, a text that stands for the real file"
    case .page: "a web page (HTML)"
    case .archive: "a compressed archive"
    case .text: "a text (such as a prototxt)"
    case .solverState: "a solver state (.solverstate)"
    case .mean: "a mean image (.binaryproto)"
    case .other: "no file of a known kind"
    }
  }

  /// What to do about such a file where weights are wanted.
  var advice: String {
    switch self {
    case .empty: "copy or download it again"
    case .hdf5: "name its weights"
    case .pointer: "fetch the real file (git lfs pull)"
    case .page: "the download answered a page instead of the file; download it again"
    case .archive: "unpack it first"
    case .text: "give the .caffemodel or .caffemodel.h5 that belongs to it"
    case .solverState: "to resume training give it as --snapshot; weights are in the .caffemodel beside it"
    case .mean: "give the .caffemodel or .caffemodel.h5"
    case .other: "give a .caffemodel or .caffemodel.h5"
    }
  }
}
