import Dispatch
import Synchronization

/// Makes items on several threads, ahead of their use, and hands them over one by one in their order.
///
/// The caller is one of the threads: it makes items while the one it waits for is not ready. So `threads` threads compute, and
/// what the items are used for needs no thread of its own. Only the items cross from thread to thread.
package struct OrderedWork<Item: Sendable>: Sendable {
  /// How many items there are, numbered from 0.
  let count: Int
  /// The number of threads, the caller's included.
  let threads: Int
  /// Makes an item; called once for each, from any of the threads.
  let make: @Sendable (Int) -> Item
  /// How many bytes an item has while it waits.
  let size: @Sendable (Item) -> Int

  /// Nothing is made before `run`.
  ///
  /// - Parameters:
  ///   - count: how many items there are, numbered from 0.
  ///   - threads: the number of threads, the caller's included.
  ///   - make: makes an item; called once for each, from any of the threads.
  ///   - size: how many bytes an item has while it waits; without it few enough to wait by the hundred.
  package init(
    count: Int, threads: Int, make: @escaping @Sendable (Int) -> Item,
    size: @escaping @Sendable (Item) -> Int = { _ in 0 }
  ) {
    (self.count, self.threads, self.make, self.size) = (count, threads, make, size)
  }

  /// So many items may be made or be waiting at a time ...
  private static var mostItems: Int { 512 }
  /// ... unless they have as many bytes as this.
  private static var mostBytes: Int { 64 << 20 }

  /// Makes all items, and hands them to `use` in order.
  ///
  /// - Throws: what `use` throws; the items after that are dropped.
  package func run<Failure: Error>(_ use: (Int, Item) throws(Failure) -> Void) throws(Failure) {
    let queue = Queue(count: count)
    for helper in 0..<max(0, min(threads, count) - 1) {
      DispatchQueue(label: "crema.work \(helper)").async { serve(queue) }
    }
    defer { queue.stop() }
    for index in 0..<count { try use(index, item(index, from: queue)) }
  }

  /// The loop of a helper.
  private func serve(_ queue: Queue) {
    while true {
      switch queue.claim() {
      case .make(let index): put(index, into: queue)
      case .wait: queue.room.wait()
      case .stop: return
      }
    }
  }

  /// The item that is used next; makes others while that one is not ready.
  private func item(_ index: Int, from queue: Queue) -> Item {
    while true {
      switch queue.take(index) {
      case .item(let item, let sleepers):
        for _ in 0..<sleepers { queue.room.signal() }
        return item
      case .make(let other): put(other, into: queue)
      case .wait: queue.filled.wait()
      }
    }
  }

  private func put(_ index: Int, into queue: Queue) {
    let item = make(index)
    queue.put(index, item, bytes: size(item))
  }

  private enum Claim {
    case make(Int)
    case wait
    case stop
  }

  private enum Taken {
    case item(Item, sleepers: Int)
    case make(Int)
    case wait
  }

  /// What the threads share. Every wait is on one of two semaphores, which nobody signals unless somebody has said that he waits.
  private final class Queue: Sendable {
    private struct State {
      /// The first item that nobody makes or has made.
      var next = 0
      /// The first item that has not been used.
      var used = 0
      var ready: [Int: (item: Item, bytes: Int)] = [:]
      var bytes = 0
      var sleepers = 0
      var callerWaits = false
      var isStopped = false
    }

    private let count: Int
    private let state = Mutex(State())
    let room = DispatchSemaphore(value: 0)
    let filled = DispatchSemaphore(value: 0)

    init(count: Int) { self.count = count }

    /// What a helper does next.
    func claim() -> Claim {
      state.withLock { state in
        if state.isStopped || state.next >= count { return .stop }
        if let index = Self.begin(&state) { return .make(index) }
        state.sleepers += 1
        return .wait
      }
    }

    /// What the caller does next, who wants an item.
    func take(_ index: Int) -> Taken {
      state.withLock { state in
        if let (item, bytes) = state.ready.removeValue(forKey: index) {
          state.used = index + 1
          state.bytes -= bytes
          defer { state.sleepers = 0 }
          return .item(item, sleepers: state.sleepers)
        }
        if state.next < count, let other = Self.begin(&state) { return .make(other) }
        state.callerWaits = true
        return .wait
      }
    }

    /// Takes an item to be made, if there is room for it; the one that is used next always has room.
    private static func begin(_ state: inout State) -> Int? {
      let hasRoom = state.next - state.used < mostItems && state.bytes < mostBytes
      guard hasRoom || state.next == state.used else { return nil }
      state.next += 1
      return state.next - 1
    }

    /// Adds an item that has been made.
    func put(_ index: Int, _ item: Item, bytes: Int) {
      let wakes = state.withLock { state in
        state.ready[index] = (item, bytes)
        state.bytes += bytes
        guard state.callerWaits, index == state.used else { return false }
        state.callerWaits = false
        return true
      }
      if wakes { filled.signal() }
    }

    /// Ends the helpers.
    func stop() {
      let sleepers = state.withLock { state in
        state.isStopped = true
        state.ready = [:]
        defer { state.sleepers = 0 }
        return state.sleepers
      }
      for _ in 0..<sleepers { room.signal() }
    }
  }
}
