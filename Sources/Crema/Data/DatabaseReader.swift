import Images
import Prototxt

/// Reads the records of a database in key order, over and over, and makes batches of them.
///
/// It is opened, used and closed on one thread.
struct DatabaseReader: ~Copyable, PrefetchSource {
  /// What a reader is told; crosses to its thread.
  struct Job: Sendable {
    var path: String
    var backend: DatabaseBackend
    var transformer: Transformer
    /// Channels, height and width of the first image, transformed. Each batch has the shape of its own first image.
    var shape: [Int]
    var batchSize: Int
    /// Seeds the stream of mirrors and crops.
    var seed: UInt32?
    var environment: InputEnvironment
    /// In TEST every rank takes every record.
    var skips: Bool
    var pool: BatchPool
    var location: SourceLocation?
  }

  private let job: Job
  private var cursor: any RecordCursor & ~Copyable
  private var position = 0
  private var isAtStart = true
  private let random: RandomStream?
  private var floats: [Float] = []

  init(_ job: Job) throws(Diagnostic) {
    cursor = try job.backend.cursor(job.path, at: job.location)
    self.job = job
    random = job.seed.map { RandomStream(seed: $0) }
    if cursor.openedWithoutLock {
      job.environment.note(
        "the database '\(job.path)' is read without its lock file, which can be neither opened nor made: nobody may write it"
      )
    }
  }

  /// The shape of the first image, transformed: channels, height, width.
  static func probe(
    _ path: String, _ backend: DatabaseBackend, _ transformer: Transformer, at location: SourceLocation?
  ) throws(Diagnostic) -> (shape: [Int], isEncoded: Bool) {
    var cursor = try backend.cursor(path, at: location)
    var result: Result<(shape: [Int], isEncoded: Bool), Diagnostic>?
    do {
      _ = try cursor.next { key, value in
        result = attempt(key, value, path, location) { record throws(Diagnostic) in
          let datum = try Datum(record)
          return (try transformer.shape(transformer.opened(datum, record).picture), datum.isEncoded)
        }
      }
    } catch { throw Diagnostic("\(error)", at: location) }
    guard let result else { throw Diagnostic("the database '\(path)' has no records", at: location) }
    return try result.get()
  }

  mutating func next() throws(Diagnostic) -> Batch {
    if isAtStart { try leaveOutFirstRecords() }
    var batch = job.pool.take() ?? Batch(images: job.batchSize, shape: job.shape)
    batch.events = InputEvents()
    for image in 0..<job.batchSize {
      while job.skips, position % job.environment.ranks != job.environment.rank {
        _ = try advance(&batch.events) { _, _ in Result<Void, Diagnostic>.success(()) }
      }
      try read(image, into: &batch)
    }
    return batch
  }

  private mutating func leaveOutFirstRecords() throws(Diagnostic) {
    isAtStart = false
    var events = InputEvents()
    for _ in 0..<job.environment.firstRecord {
      _ = try advance(&events) { _, _ in Result<Void, Diagnostic>.success(()) }
    }
    position = 0
  }

  /// Transforms the next record into the batch.
  private mutating func read(_ image: Int, into batch: inout Batch) throws(Diagnostic) {
    let (job, random) = (job, random)
    var (events, floats) = (batch.events, floats)
    self.floats = []
    batch.labels[image] = try advance(&events) { key, value in
      DatabaseReader.attempt(key, value, job.path, job.location) { record throws(Diagnostic) in
        let datum = try Datum(record)
        let opened = try job.transformer.opened(datum, record)
        job.environment.report(
          opened.damage, of: "database '\(job.path)', record '\(withBytes(of: key) { text(ofKey: $0) })': its image")
        if image == 0 { batch.reshape(try job.transformer.shape(opened.picture)) }
        let (shape, start) = (batch.shape, image * batch.shape.reduce(1, *))
        var data = batch.data.mutableSpan
        try job.transformer.write(opened, datum, record, shape, into: &data, at: start, &floats, random)
        return Float(datum.label)
      }
    }
    batch.events = events
    self.floats = floats
  }

  /// Moves to the next record, from the last to the first.
  private mutating func advance<R>(
    _ events: inout InputEvents, _ body: (RawSpan, RawSpan) -> Result<R, Diagnostic>
  ) throws(Diagnostic) -> R {
    var result: Result<R, Diagnostic>?
    do {
      result = try cursor.next(body)
      if result == nil {
        events.restarted = true
        result = try cursor.first(body)
      }
    } catch { throw Diagnostic("\(error)", at: job.location) }
    position += 1
    guard let result else { throw Diagnostic("the database '\(job.path)' has no records", at: job.location) }
    return try result.get()
  }

  /// Runs `body` on a record; its error then names the database and the key.
  private static func attempt<R>(
    _ key: RawSpan, _ value: RawSpan, _ path: String, _ location: SourceLocation?,
    _ body: (Span<UInt8>) throws(Diagnostic) -> R
  ) -> Result<R, Diagnostic> {
    do throws(Diagnostic) { return .success(try withBytes(of: value, body)) } catch {
      let name = withBytes(of: key) { text(ofKey: $0) }
      return .failure(
        Diagnostic(
          "database '\(path)', record '\(name)': \(error.message)", at: error.location ?? location, notes: error.notes))
    }
  }
}
