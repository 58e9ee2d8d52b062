import ArgumentParser
import Crema
import Prototxt

/// Brings old files to the current form, with Caffe's messages.
struct UpgradeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upgrade", abstract: "Bring an old net, solver or caffemodel to the current form.",
    discussion: """
      Crema reads files of all ages as they are; an upgraded one is for people and for other programs. Exit code 1 says that \
      something old has no place in the current form: the log names it, and the rest is written.
      """)

  /// What a file may be.
  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case net, solver, weights

    /// The tool of Caffe that does it, and what its messages call the file.
    var words: (tool: String, noun: String) {
      switch self {
      case .net: ("upgrade_net_proto_text.cpp", "NetParameter text")
      case .solver: ("upgrade_solver_proto_text.cpp", "SolverParameter text")
      case .weights: ("upgrade_net_proto_binary.cpp", "NetParameter binary")
      }
    }
  }

  @Argument(help: "The file to read.")
  var source: String

  @Argument(help: "The file to write; one that exists is replaced.")
  var target: String

  @Option(help: "What the file is: net, solver or weights; without it, what its content tells.")
  var kind: Kind?

  @Flag(help: "Take unknown fields in files as warnings, not as errors.")
  var permissive = false

  func run() throws {
    let console = Console.standard, log = console.log
    let kind = try self.kind ?? guess()
    let result: Upgrade.Result
    switch kind {
    case .weights: result = try CaffemodelUpgrade.upgrade(from: source, to: target, log: log)
    case .net, .solver:
      let parsed = try TextParser.parse(contentsOf: source, as: kind == .net ? CaffeSchema.net : CaffeSchema.solver)
      for warning in try parsed.judge(permissive: permissive) { console.report(warning) }
      result =
        kind == .net
        ? try Upgrade.upgrading(net: parsed.message, file: source, log: log)
        : try Upgrade.upgrading(solver: parsed.message, file: source, log: log)
      try writeText(TextPrinter.print(result.message), to: target)
    }
    let words = kind.words
    if result.hasProblems {
      log.add(.error, words.tool, 39, "Encountered error(s) while upgrading prototxt; see details above.")
    } else if !result.isChanged {
      log.add(.error, words.tool, 43, "File already in latest proto format: \(source)")
    }
    log.info(words.tool, kind == .weights ? 48 : 49, "Wrote upgraded \(words.noun) proto to \(target)")
    if result.hasProblems { throw ExitCode(1) }
  }

  /// Binary files are weights; texts that only make sense as a solver's are solvers.
  private func guess() throws -> Kind {
    let content = try FileKind(contentsOf: source)
    if content == .empty { throw Diagnostic("'\(source)' is empty (0 bytes), so there is nothing to upgrade") }
    guard content == .text else { return .weights }
    let net = try? TextParser.parse(contentsOf: source, as: CaffeSchema.net).judge(permissive: false)
    let solver = try? TextParser.parse(contentsOf: source, as: CaffeSchema.solver).judge(permissive: false)
    return net == nil && solver != nil ? .solver : .net
  }
}
