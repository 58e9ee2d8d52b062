import ArgumentParser
import Charts
import Crema
import Foundation
import Prototxt

/// Trains and tests everything that a table needs, and writes the table.
struct ExperimentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experiment", abstract: "Train and test everything that a table needs, and write the table.",
    discussion: """
      The file names datasets, networks and seeds (see prototxt/experiments). What is done is kept: the same command goes on where it \
      was interrupted, and the table has the same numbers as without the interruption. The folder holds the table \
      (.md, .csv, .json, under the file's name), a picture of the losses (-loss.png), the trained weights and the databases that \
      were made. A run whose loss is no number any more is given up; its cell says so, and it counts in no mean.
      """)

  @Argument(help: "The experiment (prototxt).")
  var file: String

  @Option(help: "The folder to work in; else the file's name, without its ending, in the current folder.")
  var folder: String?

  @Flag(help: "Use what the file says in small { }: an experiment of minutes.")
  var small = false

  @Flag(help: "Train anew what was trained by another definition.")
  var retrain = false

  @OptionGroup var compute: ComputeOptions

  func run() throws {
    let experiment = try Experiment(contentsOf: file, small: small)
    let workers = try compute.start()
    let folder = try ExperimentFolder(folder ?? stem)
    let computation =
      "engine \(compute.engine.rawValue)\(compute.disabledPasses.sorted().map { " without \($0)" }.joined())"
    let work = ExperimentWork(
      experiment, in: folder, workers: workers, netOptions: compute.netOptions, computation: computation,
      retrains: retrain)
    let table = try work.complete()
    try OutputFile.write(table.markdown, to: "\(folder.path)/\(stem).md")
    try OutputFile.write(table.csv, to: "\(folder.path)/\(stem).csv")
    try OutputFile.write(try ExperimentScore.json(table), to: "\(folder.path)/\(stem).json")
    let chart = work.curves.chart(experiment.name)
    try chart.map { chart in
      try OutputFile.draw(to: "\(folder.path)/\(stem)-loss.png") { format, temporary throws(PictureError) in
        try chart.write(format, to: temporary)
      }
    }
    Console.standard.show(table.text)
    Console.standard.tell("\n\(folder.path)/\(stem).md, .csv, .json\(chart == nil ? "" : ", -loss.png")\n")
  }

  /// The name of the results, and of the folder if none is given.
  private var stem: String {
    let name = file.split(separator: "/").last.map(String.init) ?? file
    let bare = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
    return bare + (small ? "-small" : "")
  }
}
