import Synchronization

extension Workers {
  /// The results of `0..<count` in that order, computed on all threads.
  package func map<Result: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Result) -> [Result] {
    let results = Mutex([Int: Result](minimumCapacity: count))
    run(count) { _, job in
      let result = body(job)
      results.withLock { $0[job] = result }
    }
    return results.withLock { made in (0..<count).compactMap { made[$0] } }
  }
}
