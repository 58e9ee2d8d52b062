import CKernels
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
  /// every job is done, because a helper that comes later gets no job, and because the jobs of one phase write to disjoint
  /// memory: each its own slice, part or chunk, and the scratch of its own worker.
  private struct Work: @unchecked Sendable {
    let round: UInt32
    let jobs: UInt32
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
    announce(phase.round.load(ordering: .relaxed) &+ 1)
  }

  /// Computes jobs `0..<jobs`, each once, and returns when all are done.
  ///
  /// `body` is escaping because a helper may drop its copy a moment after `run` has returned (`withoutActuallyEscaping` traps).
  public func run(_ jobs: Int, _ body: @escaping (_ worker: Int, _ job: Int) -> Void) {
    guard count > 1, jobs > 1 else {
      for job in 0..<jobs { body(0, job) }
      return
    }
    let round = phase.round.load(ordering: .relaxed) &+ 1
    let work = Work(round: round, jobs: UInt32(jobs), body: body)
    phase.work.withLock { $0 = work }
    phase.done.store(0, ordering: .relaxed)
    phase.next.store(Phase.ticket(round, 0), ordering: .releasing)
    announce(round)
    phase.take(work, as: 0)
    var waits = 0
    while phase.done.load(ordering: .acquiring) < work.jobs {
      waits += 1
      if waits < 2000 { processor_pause() } else { sched_yield() }
    }
  }

  private func announce(_ round: UInt32) {
    phase.round.store(round, ordering: .sequentiallyConsistent)
    for helper in helpers { helper.wake() }
  }

  /// What the threads share.
  private final class Phase: Sendable {
    let work = Mutex<Work?>(nil)
    let round = Atomic<UInt32>(0)
    /// The round, in the upper half, and the next of its jobs: a helper that is late cannot take a job of a later round.
    let next = Atomic<UInt64>(0)
    let done = Atomic<UInt32>(0)

    static func ticket(_ round: UInt32, _ job: UInt32) -> UInt64 { UInt64(round) << 32 | UInt64(job) }

    func take(_ work: Work, as worker: Int) {
      var ticket = next.load(ordering: .acquiring)
      while true {
        let job = UInt32(truncatingIfNeeded: ticket)
        guard UInt32(ticket >> 32) == work.round, job < work.jobs else { return }
        let (isMine, current) = next.compareExchange(
          expected: ticket, desired: ticket + 1, ordering: .acquiringAndReleasing)
        guard isMine else {
          ticket = current
          continue
        }
        work.body(worker, Int(job))
        done.add(1, ordering: .releasing)
        ticket = next.load(ordering: .acquiring)
      }
    }
  }

  /// One thread: waits awake for some tenths of a millisecond, then sleeps until it is woken. Between the steps of a net it stays
  /// awake; to wake it takes longer than most steps of a small net.
  private final class Helper: Sendable {
    let worker: Int
    private let asleep = Atomic(false)
    private let signal = DispatchSemaphore(value: 0)

    init(worker: Int) { self.worker = worker }

    func wake() {
      if asleep.exchange(false, ordering: .sequentiallyConsistent) { signal.signal() }
    }

    func serve(_ phase: Phase) {
      var seen: UInt32 = 0
      while true {
        waitForWork(phase, after: seen)
        guard let work = phase.work.withLock({ $0 }) else { return }
        seen = work.round
        phase.take(work, as: worker)
      }
    }

    /// A wake-up may come late, when its phase is over, so only the round tells that there is work.
    private func waitForWork(_ phase: Phase, after seen: UInt32) {
      while true {
        for _ in 0..<10_000 {
          if phase.round.load(ordering: .acquiring) != seen { return }
          processor_pause()
        }
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
