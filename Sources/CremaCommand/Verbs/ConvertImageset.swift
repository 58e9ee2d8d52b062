import ArgumentParser
import Crema
import Foundation
import Images
import Prototxt

/// Makes a database of images and labels, as Caffe's tool of this name does.
struct ConvertImagesetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert-imageset", abstract: "Make a database of images and labels, with Caffe's flags.",
    discussion: """
      Images that cannot be used are left out, as in Caffe, and named at the end; the exit code is 0 if any could be used. A line \
      of the list that is no path and label is an error. The database appears when it is whole.
      """)

  @Argument(help: "The folder that the paths of the list start in.")
  var root: String

  @Argument(help: "The list: on each line a path, a space and a label.")
  var list: String

  @Argument(help: "The folder of the database; it must not exist.")
  var database: String

  @Flag(help: "Take one channel instead of three.")
  var gray = false

  @Flag(help: "Shuffle the list.")
  var shuffle = false

  @Option(help: "The kind of database: lmdb or leveldb.")
  var backend = DatabaseBackend.lmdb

  @Option(help: "The width that all images get; 0 for that of the files.")
  var resizeWidth = 0

  @Option(help: "The height that all images get; 0 for that of the files.")
  var resizeHeight = 0

  @Flag(help: "Refuse images of another size than the first one.")
  var checkSize = false

  @Flag(help: "Store image files instead of pixels.")
  var encoded = false

  @Option(help: "The format of stored image files, png or jpg; else that of each file. Implies --encoded.")
  var encodeType = ""

  @Flag(help: "Replace a database that exists.")
  var overwrite = false

  @OptionGroup var threading: ThreadOptions

  @Flag(help: "Leave out the lines about progress.")
  var quiet = false

  func run() throws {
    Image.keepFreedMemory()
    let console = Console.standard, log = console.log
    if quiet { console.hideConstruction() }
    var lines = try ImageList(contentsOf: list)
    if shuffle {
      log.info("convert_imageset.cpp", 86, "Shuffling data")
      lines.shuffle(RandomStream())
    }
    log.info("convert_imageset.cpp", 89, "A total of \(lines.entries.count) images.")
    if !encodeType.isEmpty, !encoded {
      log.info("convert_imageset.cpp", 92, "encode_type specified, assuming encoded=true.")
    }
    let line = CountLine("images", of: lines.entries.count)
    let report = try imageSet().convert(lines, in: folder, to: database, log: log) { count in
      console.live(line.text(count))
    }
    console.endLive()
    console.showEverything()
    tell(report, of: lines.entries.count)
  }

  /// Names every image that was left out, and every one that is damaged.
  private func tell(_ report: ImageSet.Report, of total: Int) {
    let console = Console.standard
    if !report.damaged.isEmpty {
      console.report(
        Diagnostic(
          "images that are damaged and used all the same, with what is missing filled up as in OpenCV: "
            + "\(report.damaged.count) of \(total)",
          severity: .warning, notes: report.damaged.map(note)))
    }
    if !report.unusable.isEmpty {
      console.report(
        Diagnostic(
          "images that could not be used: \(report.unusable.count) of \(total); '\(database)' has the other \(report.written)",
          severity: .warning, notes: report.unusable.map(note)))
    }
  }

  private func note(_ problem: Diagnostic) -> Diagnostic {
    var note = problem
    note.severity = .note
    return note
  }

  private func imageSet() throws(Diagnostic) -> ImageSet {
    var set = ImageSet()
    (set.backend, set.threads) = (backend, try threading.count())
    (set.isGray, set.checksSize, set.overwrites) = (gray, checkSize, overwrite)
    (set.width, set.height) = (resizeWidth, resizeHeight)
    (set.isEncoded, set.encodeType) = (encoded || !encodeType.isEmpty, encodeType)
    return set
  }

  /// The root with a slash at its end if it is a folder: paths are appended to it.
  private var folder: String {
    let values = try? URL(fileURLWithPath: root).resourceValues(forKeys: [.isDirectoryKey])
    return values?.isDirectory == true && !root.hasSuffix("/") ? root + "/" : root
  }
}
