import Prototxt

/// Images and labels of a database.
///
/// - tops: the images, batch x channels x height x width, transformed; and the labels, batch.
package struct DataLayer: SourceLayer {
  package static let type = "Data"
  package static let arity = Arity(bottoms: 0...0, tops: 1...2)

  private let parameters: Message
  private let source: String
  private let batchSize: Int
  private let prefetch: Int
  private let settings: TransformSettings
  private let tops: Int
  private let phase: Phase

  package init(_ fields: Fields) throws(Diagnostic) {
    parameters = fields.parameters("data_param")
    source = parameters.string("source")
    batchSize = parameters.int("batch_size")
    prefetch = parameters.int("prefetch")
    (tops, phase) = (fields.tops.count, fields.phase)
    guard !source.isEmpty else { throw parameters.error("source", "source is missing: the path of the database") }
    guard batchSize > 0 else { throw parameters.error("batch_size", "batch_size must be at least 1, not \(batchSize)") }
    guard prefetch > 0 else { throw parameters.error("prefetch", "prefetch must be at least 1, not \(prefetch)") }
    settings = try TransformSettings(fields.parameters("transform_param"), phase: phase)
  }

  private var location: SourceLocation? { parameters.location(of: "source") }

  /// Where the database is, which must be an LMDB.
  private func resolve(_ environment: InputEnvironment) throws(Diagnostic) -> String {
    let path = try environment.resolve(source, "database", at: location)
    guard parameters.enumeration("backend") != "LMDB" else { return path }
    let said = parameters.has("backend") ? "backend: LEVELDB" : "no backend (which means LEVELDB)"
    if InputEnvironment.exists(path + "/data.mdb") {
      throw parameters.error("backend", "the file says \(said), but '\(source)' is an LMDB; write backend: LMDB")
    }
    throw parameters.error(
      "backend",
      "the file says \(said), but LevelDB comes later: convert the images again with convert_imageset -backend lmdb, and "
        + "write backend: LMDB")
  }

  package func announce(_ environment: InputEnvironment, log: Log) {
    guard let path = try? resolve(environment), InputEnvironment.exists(path + "/data.mdb") else { return }
    log.info("db_lmdb.cpp", 35, "Opened lmdb \(source)")
  }

  package func probe(_ environment: InputEnvironment, log: Log) throws(Diagnostic) -> [Shape] {
    let path = try resolve(environment)
    let transformer = try Transformer(settings, environment, log: log)
    let (shape, isEncoded) = try DatabaseReader.probe(path, transformer, at: location)
    if !isEncoded, settings.forcesColor || settings.forcesGray {
      log.add(.error, "data_transformer.cpp", 134, "force_color and force_gray only for encoded datum")
    }
    let data = Shape([batchSize] + shape)
    log.info("data_layer.cpp", 45, "output data size: \(data.axes.map(String.init).joined(separator: ","))")
    return Array([data, [batchSize]].prefix(tops))
  }

  package func open(
    _ environment: InputEnvironment, shapes: [Shape], random: RandomStream
  ) throws(Diagnostic) -> any InputSource {
    var seed: UInt32?
    if settings.drawsNumbers {
      _ = random.draw()
      seed = random.draw()
    }
    _ = random.draw()
    for field in ["scale", "mean_file", "crop_size", "mirror", "rand_skip"] where parameters.has(field) {
      environment.note(
        "\(field) in data_param has no effect, as in Caffe\(field == "rand_skip" ? "" : "; it belongs in transform_param")"
      )
    }
    let job = DatabaseReader.Job(
      path: try resolve(environment), transformer: try Transformer(settings, environment),
      shape: [Int](shapes[0].axes.dropFirst()),
      batchSize: batchSize, seed: seed, environment: environment, skips: phase == .train && environment.ranks > 1,
      pool: BatchPool(), location: location)
    return BatchSource(job, depth: prefetch)
  }
}

/// The batches that a thread prepares ahead.
private final class BatchSource: InputSource {
  private let batches: Prefetcher<Batch>
  private let pool: BatchPool
  private var waiting: Batch?

  init(_ job: DatabaseReader.Job, depth: Int) {
    pool = job.pool
    batches = Prefetcher(depth: depth) { () throws(Diagnostic) in try DatabaseReader(job) }
  }

  private func take() throws(Diagnostic) -> Batch {
    if let waiting { return waiting }
    return try batches.next()
  }

  func shapes() throws(Diagnostic) -> [Shape]? {
    let batch = try take()
    waiting = batch
    return [Shape([batch.labels.count] + batch.shape), [batch.labels.count]]
  }

  func next(into tops: [Tensor], on workers: Workers) throws(Diagnostic) -> InputEvents {
    let batch = try take()
    waiting = nil
    batch.write(into: tops[0], on: workers)
    if tops.count > 1 { tops[1].copy(batch.labels) }
    pool.give(batch)
    return batch.events
  }
}
