import ArgumentParser
import Crema
import Prototxt

/// Shows the layers of a net, or what a file of weights holds.
struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "Show layers, shapes, parameters, multiply-adds and memory.",
    discussion: "A .caffemodel or .caffemodel.h5 shows what it holds. Data layers need not have their data.")

  @Argument(help: "A net (prototxt) or weights (.caffemodel, .caffemodel.h5).")
  var file: String

  @Option(help: "TRAIN or TEST.")
  var phase: Phase = .test

  @Option(
    help: "The shape of what a data layer gives, such as 64,3,32,32; else it is read from the data.",
    transform: InputShape.shape)
  var inputShape: Shape?

  @OptionGroup var options: ModelOptions

  func run() throws {
    if WeightsSummary.applies(to: file) {
      Console.standard.show(try WeightsSummary.text(file))
      return
    }
    let graph = try options.graph(file, phase: phase, inputShape: inputShape)
    Console.standard.show(NetSummary.text(graph))
  }
}
