import Dispatch
import Glibc
import Synchronization

/// A fixed pool of threads. The caller is worker 0; the others live as long as this object.
///
/// Jobs are handed out one by one; which worker gets a job must have no influence on what the job computes.
public final class Workers: Sendable {
  /// The number of threads, the caller's included.
  public let count: Int
  private let phase = Phase()
  private let helpers: [Helper]

  /// Work lent to other threads while its owner waits.
  ///
  /// `@unchecked` because the closure and what it captures are not Sendable. That is sound because `run` does not return before
  /// every helper has finished, and because the jobs of one phase write to disjoint memory: each its own slice, part or
  /// chunk, and the scratch of its own worker.
  private struct Work: @unchecked Sendable {
    let jobs: Int
    let body: (_ worker: Int, _ job: Int) -> Void
  }

  /// A pool of `count` threads, at least one.
  public init(count: Int) {
    self.count = max(count, 1)
    helpers = (1..<self.count + 1).dropLast().map { Helper(worker: $0) }
    for helper in helpers {
      DispatchQueue(label: "worker \(helper.worker)").async { [phase] in helper.serve(phase) }
    }
  }

  deinit {
    phase.work.withLock { $0 = nil }
    announce()
  }

  /// Computes jobs `0..<jobs`, each once, and returns when all are done.
  ///
  /// `body` is escaping because a helper may drop its copy a moment after `run` has returned (`withoutActuallyEscaping` traps).
  public func run(_ jobs: Int, _ body: @escaping (_ worker: Int, _ job: Int) -> Void) {
    guard count > 1, jobs > 1 else {
      for job in 0..<jobs { body(0, job) }
      return
    }
    let work = Work(jobs: jobs, body: body)
    phase.work.withLock { $0 = work }
    phase.next.store(0, ordering: .relaxed)
    phase.busy.store(helpers.count, ordering: .relaxed)
    announce()
    phase.take(work, as: 0)
    var spins = 0
    while phase.busy.load(ordering: .acquiring) > 0 {
      spins += 1
      if spins > 1000 { sched_yield() }
    }
  }

  private func announce() {
    phase.round.add(1, ordering: .sequentiallyConsistent)
    for helper in helpers { helper.wake() }
  }

  /// What the threads share.
  private final class Phase: Sendable {
    let work = Mutex<Work?>(nil)
    let round = Atomic(0)
    let next = Atomic(0)
    let busy = Atomic(0)

    func take(_ work: Work, as worker: Int) {
      while true {
        let job = next.add(1, ordering: .relaxed).oldValue
        guard job < work.jobs else { return }
        work.body(worker, job)
      }
    }
  }

  /// One thread: waits awake for some microseconds, then sleeps until it is woken.
  private final class Helper: Sendable {
    let worker: Int
    private let asleep = Atomic(false)
    private let signal = DispatchSemaphore(value: 0)

    init(worker: Int) { self.worker = worker }

    func wake() {
      if asleep.exchange(false, ordering: .sequentiallyConsistent) { signal.signal() }
    }

    func serve(_ phase: Phase) {
      var seen = 0
      while true {
        waitForWork(phase, after: seen)
        seen += 1
        guard let work = phase.work.withLock({ $0 }) else { return }
        phase.take(work, as: worker)
        phase.busy.subtract(1, ordering: .releasing)
      }
    }

    /// A wake-up may come late, when its phase is over, so only the round tells that there is work.
    private func waitForWork(_ phase: Phase, after seen: Int) {
      while true {
        for _ in 0..<20_000 where phase.round.load(ordering: .acquiring) != seen { return }
        asleep.store(true, ordering: .sequentiallyConsistent)
        if phase.round.load(ordering: .sequentiallyConsistent) != seen,
          asleep.exchange(false, ordering: .sequentiallyConsistent)
        {
          return
        }
        signal.wait()
      }
    }
  }
}
