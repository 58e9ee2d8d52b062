import Crema
import Images
import Prototxt

/// Builds the databases of a dataset: the same bytes for the same files, whatever the number of threads.
public struct DatasetBuilder: Sendable {
  /// How images become records.
  public struct Options: Sendable {
    /// The height and width of every record.
    public var side = 128
    /// How images are divided.
    public var split = DatasetSplit.paper
    /// What must not be divided.
    public var grouping = DatasetGrouping.none
    /// Decides the order of records and parameters that are drawn.
    public var seed: UInt64 = 1
    /// Whether operations come after resizing to `side` and not before.
    public var operatesAfterResizing = false
    /// The kind of database.
    public var backend = DatabaseBackend.lmdb

    /// The paper's: 128x128, 75/5/20 by content.
    public init() {}
  }

  /// A file of the dataset.
  public struct Item: Sendable {
    /// Where it is.
    public let path: String
    /// Its class.
    public let label: Int
    /// Where it belongs.
    public let part: DatasetPart
    /// The number of its content.
    let number: UInt64
  }

  /// A file that could not be used, and why.
  public struct Unreadable: Sendable, Codable, Equatable {
    /// Where it is.
    public let source: String
    /// What was wrong with it.
    public let reason: String
  }

  /// The settings.
  public let options: Options
  /// The classes, in the order of labels.
  public let classes: [DatasetClass]
  /// All files that could be read, in the order of records.
  public let items: [Item]
  /// Those that could not.
  public let unreadable: [Unreadable]
  private let threads: Int

  /// Reads all files once to number their contents, and divides them.
  ///
  /// - Parameters:
  ///   - threads: how many threads read and decode.
  ///   - progress: called with the number of files that were read.
  public init(_ classes: [DatasetClass], _ options: Options, threads: Int, progress: (Int) -> Void = { _ in }) {
    (self.classes, self.options, self.threads) = (classes, options, threads)
    let files = classes.enumerated().flatMap { label, each in each.paths.map { (path: $0, label: label) } }
    var items: [Item] = [], unreadable: [Unreadable] = []
    let work = OrderedWork(count: files.count, threads: threads) { Self.item(files[$0].path, files[$0].label, options) }
    work.run { index, result in
      switch result {
      case .success(let item): items.append(item)
      case .failure(let error): unreadable.append(Unreadable(source: files[index].path, reason: error.message))
      }
      progress(index + 1)
    }
    func order(_ item: Item) -> (UInt64, String) { (ContentHash.number(item.number, options.seed), item.path) }
    self.items = items.sorted { order($0) < order($1) }
    self.unreadable = unreadable
  }

  private static func item(_ path: String, _ label: Int, _ options: Options) -> Result<Item, Diagnostic> {
    do throws(Diagnostic) {
      let content = try MappedFile(path).withBytes { ContentHash.number($0) }
      let group = options.grouping.group(of: path).map { ContentHash.number($0.utf8) }
      return .success(
        Item(path: path, label: label, part: options.split.part(group ?? content), number: content))
    } catch { return .failure(error) }
  }

  /// The images of one part, in the order of records.
  public func items(of part: DatasetPart) -> [Item] { items.filter { $0.part == part } }

  /// Writes the database of a part with an operation, and beside it a manifest.
  ///
  /// - Parameters:
  ///   - path: the folder of the database, which must not exist; the manifest is `path` with `.json` behind.
  ///   - progress: called with the number of images that are done.
  /// - Throws: a database that exists or cannot be written, or no image that could be used.
  public func write(
    _ part: DatasetPart, _ rule: OperationRule, to path: String, progress: (Int) -> Void = { _ in }
  ) throws(Diagnostic) -> DatasetManifest {
    let items = items(of: part), options = options
    var manifest = DatasetManifest(rule, part, options, classes.map(\.name))
    var writer = try options.backend.writer(creating: path)
    let work = OrderedWork(count: items.count, threads: threads) { index in
      Self.record(items[index], rule, options)
    } size: { made in
      if case .success(let made) = made { made.bytes.count } else { 0 }
    }
    try work.run { index, result throws(Diagnostic) in
      let item = items[index]
      switch result {
      case .success(let made):
        let entry = DatasetManifest.Record(
          key: key(manifest.records.count, item), source: item.path, label: item.label,
          operation: made.operation.kind,
          parameter: made.operation.parameter, damage: made.damage)
        do { try writer.put(entry.key, made.bytes) } catch { throw Diagnostic("\(error)") }
        manifest.records.append(entry)
      case .failure(let error): manifest.unreadable.append(Unreadable(source: item.path, reason: error.message))
      }
      progress(index + 1)
    }
    guard !manifest.records.isEmpty else {
      throw Diagnostic(
        "'\(path)' would have no images: none of \(items.count) fell into part \(part.rawValue) and could be decoded")
    }
    do { try writer.close() } catch { throw Diagnostic("\(error)") }
    try manifest.write(to: path + ".json")
    return manifest
  }

  private func key(_ index: Int, _ item: Item) -> String {
    let name = item.path.split(separator: "/").suffix(2).joined(separator: "/")
    return zeroPadded(index, 8) + "_" + String(name.suffix(200))
  }

  private struct Made: Sendable {
    let bytes: [UInt8]
    let operation: ImageOperation
    let damage: String?
  }

  private static func record(_ item: Item, _ rule: OperationRule, _ options: Options) -> Result<Made, Diagnostic> {
    let operation = rule.operation(ContentHash.number(item.number, options.seed &+ 1 << 32)), side = options.side
    do throws(ImageError) {
      let resizesFirst = options.operatesAfterResizing || operation == .none
      let original = try Image(contentsOf: item.path, size: resizesFirst ? (width: side, height: side) : nil)
      let image = try operation(original).resized(width: side, height: side)
      let bytes = Datum.encoded(image, label: item.label)
      return .success(Made(bytes: bytes, operation: operation, damage: original.damage))
    } catch { return .failure(Diagnostic("\(error)")) }
  }
}
