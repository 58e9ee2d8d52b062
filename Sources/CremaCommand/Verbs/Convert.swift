import ArgumentParser
import Crema
import CremaConvert
import Prototxt

/// Converts weights between formats, which the names of the files tell.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Convert weights between .caffemodel and .caffemodel.h5.",
    discussion: "With --model the result is what Caffe would save of that net.")

  @Argument(help: "The weights to read.")
  var source: String

  @Argument(help: "The file to write, .caffemodel or .caffemodel.h5; one that exists is replaced.")
  var target: String

  @Option(help: "The net (prototxt) that the weights are for.")
  var model: String?

  @Option(help: "The phase of the net: TRAIN or TEST.")
  var phase: Phase = .test

  @Flag(help: "Accept weights that lack a layer of the net.")
  var allowMissing = false

  @OptionGroup var options: ModelOptions

  func run() throws {
    let graph = try model.map { try options.graph($0, phase: phase) }
    let report = try WeightsConversion.convert(from: source, to: target, graph: graph, allowMissing: allowMissing)
    if let report { Console.standard.tell(report.text(all: false) + "\n") }
  }
}
