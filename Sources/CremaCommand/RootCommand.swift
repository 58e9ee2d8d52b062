import ArgumentParser

/// The whole command line; each verb is a type of its own.
struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crema",
    abstract: "Runs, trains and converts Caffe models.",
    discussion: """
      Caffe's own verbs and flags work unchanged, in all their spellings: -solver x, --solver=x, and words with dashes or \
      underscores.
      """,
    version: Version.text,
    subcommands: [
      TrainCommand.self, TestCommand.self, TimeCommand.self, CheckCommand.self, SummaryCommand.self,
      ConvertCommand.self,
      UpgradeCommand.self, VerifyCommand.self, ConvertImagesetCommand.self, ImageMeanCommand.self,
      ExtractFeaturesCommand.self, DatasetCommand.self, PredictCommand.self, EvaluateCommand.self, MapsCommand.self,
      PlotCommand.self, DrawCommand.self,
      ExperimentCommand.self, BenchCommand.self, DemoCommand.self, DeviceQueryCommand.self, VersionCommand.self,
    ])

  /// The names of the verbs.
  static var verbs: [String] { configuration.subcommands.map { $0._commandName } }
}
