import ArgumentParser
import Foundation
import Prototxt

/// How many threads a verb uses.
struct ThreadOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The number of threads; results do not depend on it.",
      discussion: "Without it CREMA_THREADS counts, and else the number of processors."))
  var threads: Int?

  /// Each thread has memory of its own.
  private static let allowed = 1...1024

  mutating func validate() throws {
    if let threads, !Self.allowed.contains(threads) {
      throw ValidationError("--threads must be from 1 to \(Self.allowed.upperBound), not \(threads)")
    }
  }

  /// The number that is asked for, or that of the processors.
  ///
  /// - Throws: an environment variable that is no number.
  func count() throws(Diagnostic) -> Int {
    if let threads { return threads }
    guard let text = System.environment("CREMA_THREADS") else { return ProcessInfo.processInfo.activeProcessorCount }
    guard let count = Int(text), Self.allowed.contains(count) else {
      throw Diagnostic(
        "the environment variable CREMA_THREADS must be a whole number from 1 to \(Self.allowed.upperBound), not '\(text)'"
      )
    }
    return count
  }
}
