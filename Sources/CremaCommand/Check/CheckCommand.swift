import ArgumentParser
import Crema
import Prototxt

/// Looks for everything that is wrong with a net or a solver before hours are spent on it.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Find what is wrong with a net or solver and its data, without training.",
    discussion: """
      Reads the text, builds the nets of both phases, looks through the databases (sizes, labels, damage), at the place for \
      snapshots, and runs one batch forward and backward. Exit code 1 if there are errors; warnings are what is allowed, but \
      seldom meant.
      """)

  @Argument(help: "A net or a solver (prototxt).")
  var file: String

  @Option(
    help: ArgumentHelp(
      "Trained weights that the net shall take; several files are separated by commas.", valueName: "files"))
  var weights: String?

  @Option(help: "Look at so many records of each database; 0 for all.")
  var records = 10_000

  @OptionGroup var options: ModelOptions
  @OptionGroup var compute: ComputeOptions

  mutating func validate() throws {
    if records < 0 { throw ValidationError("--records must not be negative, and is \(records)") }
  }

  func run() throws {
    let report = CheckReport(), workers = try compute.start()
    let files = (weights ?? "").split(separator: ",").map(String.init)
    let nets = NetCheck(
      report: report, options: options, workers: workers, netOptions: compute.netOptions.separated, weights: files,
      databases: DatabaseCheck(report, options.environment, most: records == 0 ? nil : records))
    if let text = report.part({ try TextParser.parse(contentsOf: file, as: CaffeSchema.solver) }) {
      if DefinitionKind(text) == .solver { SolverCheck(report, nets).check(file) } else { nets.check(file) }
    }
    let (errors, warnings) = (report.count(.error), report.count(.warning))
    let counts = [(errors, "error"), (warnings, "warning")].map { "\($0) \($1)\($0 == 1 ? "" : "s")" }.joined(
      separator: ", ")
    guard errors == 0 else { throw Diagnostic("'\(file)' has \(counts)") }
    Console.standard.show("'\(file)' is ready: \(counts)\n")
  }
}
