import ArgumentParser
import Charts
import Crema
import Prototxt

/// Draws the graph of a net.
struct DrawCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "draw", abstract: "Draw the graph of a net as one picture.",
    discussion: """
      Layers that change a blob in place are drawn in the box of the layer that makes it. Data need not be there. An SVG can be \
      searched, and shows each layer's parameters and multiply-adds under the pointer.
      """)

  @Argument(help: "A net (prototxt).")
  var file: String

  @Option(
    help: ArgumentHelp(
      "The picture (.svg or .png); else FILE's name with .svg, in the current folder.", valueName: "file"))
  var output: String?

  @Option(help: "TRAIN or TEST.")
  var phase: Phase = .test

  @Option(help: "TB: from top to bottom; LR: from left to right.")
  var rankdir: LayeredLayout.Direction = .down

  @Option(
    help: "The shape of what a data layer gives, such as 64,3,32,32; else it is read from the data.",
    transform: InputShape.shape)
  var inputShape: Shape?

  @OptionGroup var options: ModelOptions

  mutating func validate() throws {
    if let output, PictureFormat(path: output) == nil {
      throw ValidationError("--output takes a file that ends in .svg or .png; not '\(output)'")
    }
  }

  func run() throws {
    let output = output ?? "\(stem).svg"
    try checkReplaceable(output)
    let (definition, graph) = try options.definitionAndGraph(
      file, phase: phase, inputShape: inputShape, acceptsMissingData: true)
    let diagram = NetDiagram(graph, sources: definition.message.messages("layer"), title: stem)
    try OutputFile.draw(to: output) { format, path throws(PictureError) in
      try NetPicture(diagram, direction: rankdir).drawing.write(format, to: path)
    }
    Console.standard.show(
      "\(output): \(diagram.layers.count) layers in \(diagram.boxes.count) boxes\n")
  }

  /// The file's name without folders and without its last part.
  private var stem: String {
    let name = file.split(separator: "/").last.map(String.init) ?? file
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }
}

extension LayeredLayout.Direction: ExpressibleByArgument {}
