import Glibc
import Prototxt
import Synchronization

/// A layer whose tops come from outside of the net: a database, a list of images.
package protocol SourceLayer: Layer {
  /// Logs what Caffe logs when it makes the layer, before its tops are known.
  func announce(_ environment: InputEnvironment, log: Log)

  /// Reads the first record: the shapes of the tops.
  ///
  /// - Throws: a source that is missing or damaged, or that the parameters do not fit.
  func probe(_ environment: InputEnvironment, log: Log) throws(Diagnostic) -> [Shape]

  /// Opens the source for reading. `shapes` are those that `probe` gave; `random` is the net's stream, from which the
  /// layer draws what Caffe draws. Logs what Caffe logs of these draws.
  func open(
    _ environment: InputEnvironment, shapes: [Shape], random: RandomStream, log: Log
  ) throws(Diagnostic) -> any InputSource
}

extension SourceLayer {
  /// Nothing.
  package func announce(_ environment: InputEnvironment, log: Log) {}

  /// Shapes come from `probe`.
  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    throw ShapeError("its shapes are those of its source, which has not been opened")
  }

  /// Values come from the source, before the layers run.
  package func forward(_ pass: Pass) {}
}

/// An open source, which gives one batch after the other.
package protocol InputSource: AnyObject {
  /// The shapes of the tops in the batch that `next` gives, waiting for it if need be; `nil` if they never change.
  ///
  /// - Throws: as `next`.
  func shapes() throws(Diagnostic) -> [Shape]?

  /// Writes the next batch into the data of the tops, waiting for it if need be.
  ///
  /// - Parameter workers: who may take part; no job of theirs is under way.
  /// - Throws: what is wrong with the records of the batch; asking again throws it again.
  func next(into tops: [Tensor], on workers: Workers) throws(Diagnostic) -> InputEvents
}

extension InputSource {
  /// Shapes never change.
  package func shapes() throws(Diagnostic) -> [Shape]? { nil }
}

/// What happened while a batch was made.
package struct InputEvents: Sendable {
  /// The source came to its end, and the batch goes on with its first record.
  package var restarted = false
  package init() {}
}

/// Where sources are looked up, and which of their records a net takes.
public struct InputEnvironment: Sendable {
  /// The folder below which paths are looked up that do not exist as they are (`--root DIR`).
  public var rootFolder: String?
  /// The number of this replica, from 0.
  public var rank = 0
  /// The number of replicas: in phase TRAIN, record k goes to rank k mod ranks.
  public var ranks = 1
  /// The number of records that Data layers leave out at the start, once: where the reading goes on.
  public var firstRecord = 0
  /// What HDF5 data is shuffled with: one stream for all nets of a run.
  public var unseeded = UnseededRandom()
  /// Takes remarks that are worth one line, such as a database read without its lock. Called from any thread.
  public var note: @Sendable (String) -> Void = { _ in }
  /// Takes warnings of data that are used although something is wrong with them. Called from any thread.
  public var warn: @Sendable (String) -> Void = { _ in }
  /// The damaged images that have been warned of: one register for all nets of a run.
  private let damages = DamageRegister()

  /// The current folder, one replica, and nobody who listens.
  public init() {}

  /// Warns of an image that was decoded although it is damaged, once for each name; nothing if `damage` is nil.
  func report(_ damage: String?, of name: @autoclosure () -> String) {
    guard let damage, damages.isNew(name()) else { return }
    warn(
      "\(name()) is damaged (\(damage)); as in OpenCV, what is missing is filled up and the image is used: copy it again, "
        + "or leave it out")
  }

  /// What stands before the names of images: `folder`, below the root folder if the first image is only there.
  ///
  /// - Parameters:
  ///   - folder: what the names are appended to, as it is; empty: nothing.
  ///   - first: the name of one of the images.
  func imageFolder(_ folder: String, first: String) -> String {
    let path = folder + first
    guard let rootFolder, !path.hasPrefix("/"), !InputEnvironment.exists(path) else { return folder }
    let candidate = "\(rootFolder)/\(folder)"
    guard InputEnvironment.exists(candidate + first) else { return folder }
    note("the image '\(path)' does not exist; '\(candidate + first)' is used instead, and others likewise")
    return candidate
  }

  /// The path at which something exists: as given, or below the root folder.
  ///
  /// - Parameters:
  ///   - what: what is looked for, for the message: `database`, `mean file`.
  ///   - location: the field that names it.
  /// - Throws: where it was looked for, and what to do.
  package func resolve(_ path: String, _ what: String, at location: SourceLocation?) throws(Diagnostic) -> String {
    if InputEnvironment.exists(path) { return path }
    var message = "the \(what) '\(path)' does not exist"
    if !path.hasPrefix("/") { message += " in the folder '\(InputEnvironment.currentFolder)'" }
    guard let rootFolder else {
      throw Diagnostic(
        "\(message); run from the folder that the paths of the file start in, or name it with --root DIR", at: location)
    }
    let parts = path.split(separator: "/").filter { $0 != "." }
    let candidates = [parts.joined(separator: "/"), String(parts.last ?? "")].map { "\(rootFolder)/\($0)" }
    for candidate in candidates where !parts.isEmpty && InputEnvironment.exists(candidate) {
      note("the \(what) '\(path)' does not exist; '\(candidate)' is used instead")
      return candidate
    }
    let tried = Set(candidates).sorted().map { "'\($0)'" }.joined(separator: " or ")
    throw Diagnostic("\(message), nor as \(tried); check the path and --root", at: location)
  }

  /// Whether something is at the path.
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0
  }

  private static var currentFolder: String {
    guard let folder = unsafe getcwd(nil, 0) else { return "." }
    defer { unsafe free(folder) }
    return unsafe String(cString: folder)
  }
}

/// The names of damaged images, each of which is worth one warning.
private final class DamageRegister: Sendable {
  private let names = Mutex<Set<String>>([])

  /// Whether the name is new; from now on it is not.
  func isNew(_ name: String) -> Bool { names.withLock { $0.insert(name).inserted } }
}
