import ArgumentParser
import Crema
import Foundation
import Prototxt

/// Makes a database of images and labels, as Caffe's tool of this name does.
struct ConvertImagesetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert-imageset", abstract: "Make an LMDB of images and labels, with Caffe's flags.",
    discussion: "Images that cannot be read are left out, with a warning for each.")

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

  @Option(help: "Accepted for Caffe's sake: lmdb.")
  var backend = "lmdb"

  @Option(help: "The width of all images; 0 for that of the files.")
  var resizeWidth = 0

  @Option(help: "The height of all images; 0 for that of the files.")
  var resizeHeight = 0

  @Flag(help: "Refuse images of another size than the first one.")
  var checkSize = false

  @Flag(help: "Store image files instead of pixels.")
  var encoded = false

  @Option(help: "The format of stored image files, such as png; else that of each file. Implies --encoded.")
  var encodeType = ""

  @Flag(help: "Replace a database that exists.")
  var overwrite = false

  @Flag(help: "Leave out the lines about progress.")
  var quiet = false

  func run() throws {
    guard backend == "lmdb" else {
      throw Diagnostic("databases are LMDBs; --backend '\(backend)' does not exist in Crema, say lmdb or leave it out")
    }
    let console = Console.standard, log = console.log
    if quiet { console.hideConstruction() }
    var entries = try ImageList(contentsOf: list)
    if shuffle {
      log.info("convert_imageset.cpp", 83, "Shuffling data")
      entries.shuffle(RandomStream())
    }
    log.info("convert_imageset.cpp", 86, "A total of \(entries.entries.count) images.")
    if !encodeType.isEmpty, !encoded {
      log.info("convert_imageset.cpp", 89, "encode_type specified, assuming encoded=true.")
    }
    let report = try imageSet.convert(entries, in: folder, to: database) { count in
      log.info("convert_imageset.cpp", 144, "Processed \(count) files.")
    } complain: { problem in
      var warning = problem
      warning.severity = .warning
      console.report(warning)
    }
    guard report.failed > 0 else { return }
    console.report(
      Diagnostic("\(report.failed) of \(entries.entries.count) images could not be used", severity: .warning))
  }

  private var imageSet: ImageSet {
    var set = ImageSet()
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
