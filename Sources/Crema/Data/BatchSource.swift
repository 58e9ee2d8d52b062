import Prototxt

/// The batches that a thread prepares ahead.
final class BatchSource: InputSource {
  private let batches: Prefetcher<Batch>
  private let pool: BatchPool
  private var waiting: Batch?

  /// Starts the thread, which opens, reads and closes the source.
  ///
  /// - Parameters:
  ///   - pool: where the source takes the memory of its batches from.
  ///   - depth: the largest number of batches that wait to be used, at least 1.
  init<Source: PrefetchSource & ~Copyable>(
    _ pool: BatchPool, depth: Int, open: @escaping @Sendable () throws(Diagnostic) -> Source
  ) where Source.Item == Batch {
    self.pool = pool
    batches = Prefetcher(depth: depth, open: open)
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

  func next(into tops: [Tensor]) throws(Diagnostic) -> InputEvents {
    let batch = try take()
    waiting = nil
    tops[0].copy(batch.data)
    if tops.count > 1 { tops[1].copy(batch.labels) }
    pool.give(batch)
    return batch.events
  }
}
