import ArgumentParser
import Crema
import Datasets
import Foundation
import Images
import Prototxt

/// Builds the databases of a classification dataset from folders of images.
struct DatasetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dataset", abstract: "Build train, val and test databases from folders of images.",
    discussion: """
      Images are divided by their content (or by groups of names), so that the same files always fall into the same part. With \
      operations the databases lie in a folder for each: Raw, JP60, ME5, JP-mix and so on. A manifest beside each database \
      says where every record came from.
      """)

  @Argument(help: "The folder to make; it must not exist, unless --overwrite is given.")
  var folder: String

  @Option(help: "A folder whose folders are the classes, in alphabetical order.")
  var images: String?

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      "A class: a folder of images or a list of paths; labels count in the order given. The same name again adds images.",
      valueName: "name=path"))
  var classes: [String] = []

  @Option(help: "The height and width of every image in the databases.")
  var side = 128

  @Option(
    help: ArgumentHelp(
      "What images go through: \(OperationRule.help); may be given several times.", valueName: "name"))
  var operation: [String] = []

  @Flag(help: "Resize first, then do the operation; else the operation sees the image as it is in its file.")
  var afterResizing = false

  @Option(help: "The shares of train, val and test.")
  var split = "75,5,20"

  @Option(
    help: ArgumentHelp(
      "Keep images of one source in one part: folder, or prefix:TEXT for names that agree up to the first TEXT.",
      valueName: "rule"))
  var group: String?

  @Option(help: "Decides the order of records, and the parameters that are drawn for -mix.")
  var seed = 1

  @Option(help: "The kind of databases.")
  var backend = DatabaseBackend.lmdb

  @Flag(help: "Replace the folder if it is a dataset.")
  var overwrite = false

  @OptionGroup var threading: ThreadOptions

  mutating func validate() throws {
    if side < 1 || side > 4096 { throw ValidationError("--side must be from 1 to 4096, not \(side)") }
    if seed < 0 { throw ValidationError("--seed must not be negative, and is \(seed)") }
    if DatasetSplit(split) == nil {
      throw ValidationError("--split takes three shares separated by commas, such as 75,5,20; not '\(split)'")
    }
    for name in operation where OperationRule(name) == nil {
      throw ValidationError("--operation takes \(OperationRule.help); not '\(name)'")
    }
    if let group, try grouping(group) == .none { throw ValidationError("--group takes folder or prefix:TEXT") }
    if (images == nil) == classes.isEmpty {
      throw ValidationError("give the classes either with --images FOLDER or with --class NAME=PATH, once for each")
    }
  }

  private func grouping(_ text: String?) throws -> DatasetGrouping {
    guard let text else { return .none }
    if text == "folder" { return .folder }
    guard text.hasPrefix("prefix:"), text.count > 7 else {
      throw ValidationError("--group takes folder, or prefix:TEXT; not '\(text)'")
    }
    return .prefix(String(text.dropFirst(7)))
  }

  func run() throws {
    Image.keepFreedMemory()
    let console = Console.standard, threads = try threading.count()
    let classes = try found()
    guard classes.count > 1 else {
      throw Diagnostic("there is one class only, '\(classes[0].name)'; a dataset needs at least two")
    }
    var options = DatasetBuilder.Options()
    (options.side, options.seed, options.operatesAfterResizing) = (side, UInt64(seed), afterResizing)
    options.backend = backend
    (options.split, options.grouping) = (DatasetSplit(split) ?? .paper, try grouping(group))
    let output = try DatasetFolder(folder, overwrites: overwrite)
    let count = classes.reduce(0) { $0 + $1.paths.count }
    let reading = CountLine("images", of: count, for: "reading")
    let builder = DatasetBuilder(classes, options, threads: threads) { done in console.live(reading.text(done)) }
    console.endLive()
    var unreadable = builder.unreadable, table = DatasetTable(classes.map(\.name))
    for rule in operation.isEmpty ? [OperationRule("Raw")] : operation.map(OperationRule.init) {
      guard let rule else { continue }
      for part in DatasetPart.allCases where !builder.items(of: part).isEmpty {
        let name = (operation.isEmpty ? "" : "\(rule.name)/") + "\(part.rawValue)_\(backend.rawValue)"
        let progress = CountLine("images", of: builder.items(of: part).count, for: name)
        let manifest = try builder.write(part, rule, to: output.path(name)) { console.live(progress.text($0)) }
        console.endLive()
        table.add(name, manifest.counts, rate: progress.rate(manifest.records.count))
        unreadable += manifest.unreadable
      }
    }
    try OutputFile.write(classes.map { $0.name + "\n" }.joined(), to: output.path("classes.txt"))
    try output.finish()
    console.show(table.text)
    report(classes, unreadable)
  }

  private func found() throws -> [DatasetClass] {
    guard let images else {
      return DatasetClass.joined(
        try classes.map { text in
          guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
            throw Diagnostic("--class takes NAME=PATH, not '\(text)'")
          }
          return try DatasetClass(name: String(text[..<sign]), source: String(text[text.index(after: sign)...]))
        })
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: images))?.sorted().filter {
      isFolder("\(images)/\($0)")
    }
    guard let names, !names.isEmpty else {
      throw Diagnostic("'\(images)' has no folders; it needs one folder of images for each class")
    }
    return try names.map { try DatasetClass(name: $0, source: "\(images)/\($0)") }
  }

  /// Names what was left out: every image that could not be used, once.
  private func report(_ classes: [DatasetClass], _ unreadable: [DatasetBuilder.Unreadable]) {
    let console = Console.standard, others = classes.reduce(0) { $0 + $1.others.count }
    if others > 0 {
      console.report(
        Diagnostic(
          "files that do not end as images do were left out: \(others), such as '\(classes.flatMap(\.others)[0])'",
          severity: .note))
    }
    var seen: Set<String> = []
    let each = unreadable.filter { seen.insert($0.source).inserted }
    for file in each {
      console.report(
        Diagnostic(
          "left out: \(file.reason.contains(file.source) ? "" : "'\(file.source)': ")\(file.reason)", severity: .warning
        ))
    }
    let count = classes.reduce(0) { $0 + $1.paths.count }
    if !each.isEmpty {
      console.report(
        Diagnostic(
          "images that could not be used: \(each.count) of \(count); the manifests list them", severity: .warning))
    }
  }
}
