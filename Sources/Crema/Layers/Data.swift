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

  /// Where the database is, and what reads it: what the file says, which must be what is there.
  private func resolve(_ environment: InputEnvironment) throws(Diagnostic) -> (path: String, backend: DatabaseBackend) {
    let path = try environment.resolve(source, "database", at: location)
    let backend: DatabaseBackend = parameters.enumeration("backend") == "LMDB" ? .lmdb : .leveldb
    guard let found = DatabaseBackend(of: path), found != backend else { return (path, backend) }
    let said = parameters.has("backend") ? "backend: \(backend.enumeration)" : "no backend (which means LEVELDB)"
    throw parameters.error(
      "backend", "the file says \(said), but '\(source)' is \(found.noun); write backend: \(found.enumeration)")
  }

  package func announce(_ environment: InputEnvironment, log: Log) {
    guard let (path, backend) = try? resolve(environment), DatabaseBackend(of: path) == backend else { return }
    backend.logOpening(source, log)
  }

  package func probe(_ environment: InputEnvironment, log: Log) throws(Diagnostic) -> [Shape] {
    let (path, backend) = try resolve(environment)
    let transformer = try Transformer(settings, environment, log: log)
    let (shape, isEncoded) = try DatabaseReader.probe(path, backend, transformer, at: location)
    if !isEncoded, settings.forcesColor || settings.forcesGray {
      log.add(.error, "data_transformer.cpp", 134, "force_color and force_gray only for encoded datum")
    }
    let data = Shape([batchSize] + shape)
    log.info("data_layer.cpp", 45, "output data size: \(data.axes.map(String.init).joined(separator: ","))")
    return Array([data, [batchSize]].prefix(tops))
  }

  package func open(
    _ environment: InputEnvironment, shapes: [Shape], random: RandomStream, log: Log
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
    let (path, backend) = try resolve(environment)
    let job = DatabaseReader.Job(
      path: path, backend: backend, transformer: try Transformer(settings, environment),
      shape: [Int](shapes[0].axes.dropFirst()),
      batchSize: batchSize, seed: seed, environment: environment, skips: phase == .train && environment.ranks > 1,
      pool: BatchPool(), location: location)
    return BatchSource(job.pool, depth: prefetch) { () throws(Diagnostic) in try DatabaseReader(job) }
  }
}
