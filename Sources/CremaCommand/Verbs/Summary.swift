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

  @Option(help: "The shape of what a data layer gives, such as 64,3,32,32; else it is read from the data.")
  var inputShape: String?

  @OptionGroup var options: ModelOptions

  mutating func validate() throws {
    if let inputShape, shape(inputShape) == nil {
      throw ValidationError("--input-shape takes lengths of at least 1, such as 64,3,32,32; not '\(inputShape)'")
    }
  }

  func run() throws {
    if WeightsSummary.applies(to: file) {
      Console.standard.show(try WeightsSummary.text(file))
      return
    }
    let graph = try options.graph(file, phase: phase, inputShape: inputShape.flatMap(shape))
    Console.standard.show(NetSummary.text(graph))
  }

  private func shape(_ text: String) -> Shape? {
    let axes = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let lengths = axes.compactMap { $0 }
    return lengths.count == axes.count && lengths.allSatisfy { $0 > 0 } ? Shape(lengths) : nil
  }
}
