import ArgumentParser
import Crema
import Prototxt

/// Runs a command line from its words to the exit code: 0 if all went well, 1 for a diagnostic or a failed check, 64 for a
/// command line that cannot be understood.
package enum Launcher {
  static let usageCode: Int32 = 64
  /// So many errors of a file are shown.
  private static let mostDiagnostics = 50

  /// Runs the command; the first word is the program's name.
  package static func run(_ words: [String]) -> Int32 {
    System.ignoreWriteSignals()
    defer { Console.standard.endLive() }
    do {
      let program = words.first?.split(separator: "/").last.map(String.init) ?? "crema"
      let line = try ArgumentNormalizer(Array(words.dropFirst()), verbs: RootCommand.verbs)
      Console.standard.open(line.glog, program: program)
      for flag in line.unused {
        Console.standard.report(
          Diagnostic("\(line.arguments.first ?? "") does not read \(flag); it is ignored", severity: .warning))
      }
      var command = try RootCommand.parseAsRoot(line.arguments)
      try command.run()
      try Console.standard.checkResults()
      return 0
    } catch { return end(with: error) }
  }

  /// Prints an error once.
  ///
  /// - Returns: the exit code.
  private static func end(with error: any Error) -> Int32 {
    switch error {
    case let error as DiagnosticList:
      error.diagnostics.prefix(mostDiagnostics).forEach(Console.standard.report)
      let more = error.diagnostics.count - mostDiagnostics
      if more > 0 { Console.standard.report(Diagnostic("\(more) more are not shown", severity: .note)) }
      return 1
    case let error as Diagnostic:
      Console.standard.report(error)
      return 1
    case let error as UsageError:
      Console.standard.report(Diagnostic(error.message, suggestion: error.suggestion))
      Console.standard.tell(error.details)
      return usageCode
    case let error as ExitCode where error.rawValue <= 1: return error.rawValue
    default: return endParsing(with: error)
    }
  }

  /// An error of the argument parser: help that was asked for is none, what it does not know of is a failure of the world.
  private static func endParsing(with error: any Error) -> Int32 {
    let code = RootCommand.exitCode(for: error)
    if code.isSuccess {
      Console.standard.show(RootCommand.fullMessage(for: error) + "\n")
      return 0
    }
    Console.standard.report(Diagnostic(RootCommand.message(for: error)))
    guard code == .validationFailure else { return 1 }
    let full = RootCommand.fullMessage(for: error)
    if let usage = full.range(of: "Usage: ") { Console.standard.tell(String(full[usage.lowerBound...]) + "\n") }
    return usageCode
  }
}
