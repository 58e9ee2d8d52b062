import ArgumentParser
import Crema
import Prototxt

/// Writes what chosen blobs hold for each image of a net's data into databases, one for each blob.
struct ExtractFeaturesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract-features", abstract: "Write blobs of a net into databases, as Caffe's extract_features.",
    discussion: """
      Each database has one Datum with floats for each image; the keys count from 0000000000. The net runs in phase TEST on \
      the data of its own data layers.
      """)

  @Argument(help: "The trained weights (.caffemodel or .caffemodel.h5).")
  var weights: String

  @Argument(help: "The net (prototxt), with its data layers.")
  var model: String

  @Argument(help: "The names of the blobs, separated by commas.")
  var blobs: String

  @Argument(help: "The folders of the databases, separated by commas; they must not exist.")
  var databases: String

  @Argument(help: "The number of batches.")
  var batches: Int

  @Argument(help: "The kind of database: lmdb or leveldb.")
  var backend = DatabaseBackend.lmdb

  @Argument(help: "Accepted for Caffe's sake: CPU or GPU, and DEVICE_ID=0. Crema computes on the CPU.")
  var device: [String] = []

  @OptionGroup var options: ModelOptions
  @OptionGroup var compute: ComputeOptions

  mutating func validate() throws {
    if batches < 1 { throw ValidationError("the number of batches must be at least 1, not \(batches)") }
    if blobNames.count != databaseNames.count {
      throw ValidationError(
        "\(blobNames.count) blobs need as many databases, not \(databaseNames.count); separate names by commas")
    }
    if let word = device.first(where: { !["CPU", "GPU"].contains($0) && !$0.hasPrefix("DEVICE_ID=") }) {
      throw ValidationError("'\(word)' is neither CPU, GPU nor DEVICE_ID=NUMBER")
    }
  }

  private var blobNames: [String] { blobs.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
  private var databaseNames: [String] {
    databases.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  func run() throws {
    let console = Console.standard, log = console.log
    let workers = try compute.start()
    if device.contains("GPU") {
      console.report(Diagnostic("Crema computes on the CPU; GPU and DEVICE_ID are ignored", severity: .note))
    }
    log.add(.error, "extract_features.cpp", 62, "Using CPU")
    var netOptions = compute.netOptions
    (netOptions.isForwardOnly, netOptions.watched) = (true, .blobs(Set(blobNames)))
    let net = try NetLoader(options, workers: workers).net(model, phase: .test, netOptions)
    console.tell(try WeightsFile.load(weights, into: net, log: log).text(all: false) + "\n")
    console.showEverything()
    let features = try zip(blobNames, databaseNames).map { blob, database in
      let feature = try FeatureDatabase(blob, of: net, backend, path: database)
      log.info("extract_features.cpp", 125, "Opening dataset \(database)")
      backend.logOpening(database, log)
      return feature
    }
    log.add(.error, "extract_features.cpp", 133, "Extracting Features")
    for batch in 0..<batches {
      _ = try net.forward()
      for feature in features {
        try feature.addBatch { count in
          log.add(
            .error, "extract_features.cpp", 163,
            "Extracted features of \(count) query images for feature blob \(feature.blobName)")
        }
      }
      console.live("Batch \(batch + 1)/\(batches)")
    }
    console.endLive()
    for feature in features {
      let count = try feature.close()
      guard count % DatabaseBackend.recordsPerCommit != 0 else { continue }
      log.add(
        .error, "extract_features.cpp", 176,
        "Extracted features of \(count) query images for feature blob \(feature.blobName)")
    }
    log.add(.error, "extract_features.cpp", 181, "Successfully extracted the features!")
  }
}

/// The database of one blob.
private final class FeatureDatabase {
  let blobName: String
  private let blob: Blob
  private var writer: any RecordWriter & ~Copyable
  private var count = 0

  /// Starts a database that must not exist.
  ///
  /// - Throws: a blob that the net lacks or that has more than four axes, or a folder that cannot be made.
  init(_ name: String, of net: Net, _ backend: DatabaseBackend, path: String) throws(Diagnostic) {
    guard let blob = net.blob(name) else {
      throw Diagnostic(
        "the net has no blob '\(name)'", suggestion: name.nearest(in: net.graph.values.map(\.name)))
    }
    guard blob.shape.rank <= 4, blob.shape.rank > 0 else {
      throw Diagnostic(
        "blob '\(name)' is \(blob.shape), but a Datum holds images x channels x height x width: give one with 1 to 4 axes"
      )
    }
    (blobName, self.blob) = (name, blob)
    writer = try backend.writer(creating: path)
  }

  /// Adds the images of the current batch.
  func addBatch(_ progress: (Int) -> Void) throws(Diagnostic) {
    let axes = blob.shape.axes + Array(repeating: 1, count: 4 - blob.shape.rank)
    let values = blob.data.values, size = axes[1...].reduce(1, *)
    for image in 0..<axes[0] {
      let record = Datum.encoded(
        channels: axes[1], height: axes[2], width: axes[3], values: values[image * size..<(image + 1) * size])
      do {
        try writer.put(zeroPadded(count, 10), record)
      } catch { throw Diagnostic("\(error)") }
      count += 1
      if count % DatabaseBackend.recordsPerCommit == 0 { progress(count) }
    }
  }

  /// Puts the database in its place.
  ///
  /// - Returns: the number of its records.
  func close() throws(Diagnostic) -> Int {
    do { try writer.close() } catch { throw Diagnostic("\(error)") }
    return count
  }
}
