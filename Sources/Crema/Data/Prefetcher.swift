import Dispatch
import Prototxt
import Synchronization

/// An endless supply of items: a database read in a loop.
package protocol PrefetchSource: ~Copyable, SendableMetatype {
  associatedtype Item: Sendable
  /// The next item. After an error it is not asked again.
  mutating func next() throws(Diagnostic) -> Item
}

/// Makes items on a thread of its own, ahead of their use, `depth` at most, and in order.
///
/// The source is opened, read and closed on that thread: only the items cross to the reader. When the prefetcher goes
/// away, the thread ends after the item that it is making.
package final class Prefetcher<Item: Sendable>: Sendable {
  private let queue: Queue

  /// Starts the thread. `depth` is at least 1.
  package init<Source: PrefetchSource & ~Copyable>(
    depth: Int, open: @escaping @Sendable () throws(Diagnostic) -> Source
  ) where Source.Item == Item {
    let queue = Queue(depth: depth)
    self.queue = queue
    DispatchQueue(label: "crema.prefetch").async {
      do throws(Diagnostic) {
        var source = try open()
        while queue.push(.success(try source.next())) {}
      } catch {
        _ = queue.push(.failure(error))
      }
    }
  }

  deinit { queue.close() }

  /// The next item, waiting for it if need be, or the error that stopped the source. Waits are counted.
  package func next() throws(Diagnostic) -> Item { try queue.pop().get() }

  /// At most `depth` results, first in, first out. Every wait is on one of two semaphores.
  private final class Queue: Sendable {
    private let state = Mutex((items: [Result<Item, Diagnostic>](), isClosed: false))
    private let filled = DispatchSemaphore(value: 0)
    private let free = DispatchSemaphore(value: 0)

    init(depth: Int) {
      // Dispatch traps if a semaphore dies below its first value, so that is 0.
      for _ in 0..<depth { free.signal() }
    }

    /// Waits for room, then adds `item`; false if nobody will read it.
    func push(_ item: Result<Item, Diagnostic>) -> Bool {
      free.wait()
      let isClosed = state.withLock { state in
        if !state.isClosed { state.items.append(item) }
        return state.isClosed
      }
      filled.signal()
      return !isClosed
    }

    /// Waits for an item. An error stays in the queue: whoever asks again gets it again.
    func pop() -> Result<Item, Diagnostic> {
      if filled.wait(timeout: .now()) == .timedOut { PrefetchWaits.count { filled.wait() } }
      let (result, isTaken) = state.withLock { state -> (Result<Item, Diagnostic>, Bool) in
        if case .failure = state.items[0] { return (state.items[0], false) }
        return (state.items.removeFirst(), true)
      }
      (isTaken ? free : filled).signal()
      return result
    }

    func close() {
      let items = state.withLock { state in
        state.isClosed = true
        defer { state.items = [] }
        return state.items
      }
      free.signal()
      _ = items
    }
  }
}

/// How long readers have waited for items that were not ready, all of the process together.
package enum PrefetchWaits {
  private static let nanoseconds = Atomic(0)

  /// The sum of all waits that have ended.
  package static var total: Duration { .nanoseconds(nanoseconds.load(ordering: .relaxed)) }

  static func count(_ wait: () -> Void) {
    let time = ContinuousClock().measure(wait)
    nanoseconds.add(Int(time / .nanoseconds(1)), ordering: .relaxed)
  }
}

/// The values of one batch, in memory of its own.
package struct Batch: Sendable {
  /// The values of all images, one after the other; nothing if `stored` has the images.
  package var data: [Float]
  /// The images as they are stored.
  var stored: StoredImages?
  /// One label for each image.
  package var labels: [Float]
  /// The shape of an image: channels, height, width.
  package private(set) var shape: [Int]
  /// What happened while the batch was made.
  package var events = InputEvents()

  /// A batch of zeros.
  package init(images: Int, shape: [Int]) {
    self.shape = shape
    data = Array(repeating: 0, count: images * shape.reduce(1, *))
    labels = Array(repeating: 0, count: images)
  }

  /// A batch that gets its images as they are stored.
  init(storing images: Int, shape: [Int], _ transformer: Transformer) {
    self.shape = shape
    (data, stored) = ([], StoredImages(transformer))
    labels = Array(repeating: 0, count: images)
  }

  /// Writes all images into `top`, transformed.
  func write(into top: Tensor, on workers: Workers) {
    guard let stored else { return top.copy(data) }
    workers.run(labels.count) { _, i in stored.write(i, into: top.images(i..<i + 1)) }
  }

  /// Makes room for images of another shape, if they have another one.
  package mutating func reshape(_ shape: [Int]) {
    guard shape != self.shape else { return }
    self.shape = shape
    guard stored == nil else { return }
    data = Array(repeating: 0, count: labels.count * shape.reduce(1, *))
  }
}

/// Batches that have been read, whose memory may be used again.
package final class BatchPool: Sendable {
  private let batches = Mutex<[Batch]>([])

  package init() {}

  func take() -> Batch? { batches.withLock { $0.popLast() } }

  func give(_ batch: consuming Batch) {
    let batch = batch
    batches.withLock { $0.append(batch) }
  }
}
