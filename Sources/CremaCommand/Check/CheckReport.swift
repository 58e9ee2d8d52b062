import Crema
import Prototxt
import Synchronization

/// What a check has found so far; everything is shown as soon as it is found.
final class CheckReport: Sendable {
  private struct State {
    var counts: [Diagnostic.Severity: Int] = [:]
    var shown: Set<String> = []
  }

  private let state = Mutex(State())

  /// How many different diagnostics of a severity were added.
  func count(_ severity: Diagnostic.Severity) -> Int { state.withLock { $0.counts[severity] ?? 0 } }

  /// Shows and counts a diagnostic, unless it is known already.
  func add(_ diagnostic: Diagnostic) {
    let isNew = state.withLock { state in
      guard state.shown.insert("\(diagnostic)").inserted else { return false }
      state.counts[diagnostic.severity, default: 0] += 1
      return true
    }
    guard isNew else { return }
    Console.standard.endLive()
    Console.standard.report(diagnostic)
  }

  /// Shows what is as it should be.
  func passed(_ what: String, _ text: String) {
    Console.standard.endLive()
    Console.standard.show("\(what): \(text)\n")
  }

  /// Runs a part of the check; what it throws is added. Nil if it throws.
  func part<R>(_ body: () throws -> R) -> R? {
    do { return try body() } catch let list as DiagnosticList {
      list.diagnostics.forEach(add)
    } catch let diagnostic as Diagnostic {
      add(diagnostic)
    } catch { add(Diagnostic("\(error)")) }
    return nil
  }
}
