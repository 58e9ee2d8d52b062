import Dispatch
import Glibc
import Synchronization

/// Turns SIGINT and SIGHUP into requests to a running solver.
public final class Signals: Sendable {
  private let interrupted = Atomic(false)
  private let hungUp = Atomic(false)
  private let onInterrupt: Solver.Action?
  private let onHangUp: Solver.Action?

  /// Watches both signals until the process ends.
  ///
  /// - Parameters:
  ///   - onInterrupt: what SIGINT asks for; `nil` for nothing.
  ///   - onHangUp: what SIGHUP asks for; `nil` for nothing.
  public init(onInterrupt: Solver.Action?, onHangUp: Solver.Action?) {
    (self.onInterrupt, self.onHangUp) = (onInterrupt, onHangUp)
    watch(SIGINT) { $0.interrupted.store(true, ordering: .relaxed) }
    watch(SIGHUP) { $0.hungUp.store(true, ordering: .relaxed) }
  }

  private func watch(_ number: CInt, _ note: @escaping @Sendable (Signals) -> Void) {
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler {
      note(self)
      _ = source
    }
    source.resume()
  }

  /// The request since the last call, SIGHUP's first.
  public func take() -> Solver.Action? {
    if hungUp.exchange(false, ordering: .relaxed), let onHangUp { return onHangUp }
    if interrupted.exchange(false, ordering: .relaxed), let onInterrupt { return onInterrupt }
    return nil
  }
}
