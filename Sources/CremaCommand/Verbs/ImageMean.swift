import ArgumentParser
import Crema
import Prototxt

/// Computes the mean image of a database, as Caffe's `compute_image_mean` does.
struct ImageMeanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "image-mean", abstract: "Compute the mean of a database's images, as Caffe's compute_image_mean.",
    discussion: "All images must have one size. Image files in records are decoded, with the channels that they have.")

  @Argument(help: "The folder of the database.")
  var database: String

  @Argument(help: "The file to write (.binaryproto); one that exists is replaced. Without it the means are only shown.")
  var output: String?

  @Option(help: "The kind of database: lmdb or leveldb; else what the folder holds.")
  var backend: DatabaseBackend?

  @OptionGroup var threading: ThreadOptions

  @Flag(help: "Leave out the lines about progress.")
  var quiet = false

  func run() throws {
    let console = Console.standard, log = console.log
    let found = DatabaseBackend(of: database)
    if let backend, let found, found != backend {
      throw Diagnostic("'\(database)' is \(found.noun); say --backend \(found.rawValue)")
    }
    if let output { try checkReplaceable(output) }
    if quiet { console.hideConstruction() }
    let line = CountLine("images")
    let mean = try MeanImage(
      ofDatabase: database, backend ?? found ?? .lmdb, threads: try threading.count(), log: log
    ) { count in console.live(line.text(count)) }
    console.endLive()
    if let output {
      log.info("compute_image_mean.cpp", 108, "Write to \(output)")
      try mean.write(to: output)
    }
    console.showEverything()
    log.info("compute_image_mean.cpp", 114, "Number of channels: \(mean.channels)")
    for (channel, value) in mean.channelMeans.enumerated() {
      log.info("compute_image_mean.cpp", 119, "mean_value channel [\(channel)]: \(logNumber(value))")
    }
  }
}
