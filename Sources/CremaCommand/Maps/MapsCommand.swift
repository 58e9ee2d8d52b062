import ArgumentParser
import Charts
import Crema
import Evaluation
import Prototxt

/// Draws what chosen blobs hold for one image, at several snapshots of a training run, and what filters have learned.
struct MapsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "maps", abstract: "Draw feature maps of an image, and learned filters, for several snapshots.",
    discussion: """
      Rows are snapshots, columns channels. Each blob is drawn with every map on its own scale, and with all its maps on one \
      scale. A blob that a later layer changes in place is shown as that layer leaves it.
      """)

  @Option(help: "The net (prototxt): a deploy net with an Input layer, or with --data also a train/val net.")
  var model: String?

  @Option(
    help: ArgumentHelp(
      "Trained weights (.caffemodel or .caffemodel.h5), one row each; may be given several times.",
      valueName: "[name=]file"))
  var weights: [String] = []

  @Option(help: "The image (JPEG or PNG); it is resized to what the net takes.")
  var image: String?

  @Option(help: "A database of images, instead of an image file.")
  var data: String?

  @Option(help: "Which image of the database, counted from 0.")
  var index = 0

  @Option(help: "The blobs to draw, separated by commas; else the net's first five that are maps.")
  var blobs: String?

  @Option(help: "Draw also the weights of these layers, separated by commas.")
  var filters: String?

  @Option(help: "At most so many maps of a blob.")
  var most = 12

  @Option(help: "The side of a map in the picture, in pixels.")
  var side = 96

  @Option(help: "How values become shades: map for a scale of each map, common for one of each blob, both for both.")
  var shades = Shades.both

  @Option(help: ArgumentHelp("The picture, .png or .svg.", valueName: "file"))
  var output = "maps.png"

  @OptionGroup var images: ImageOptions
  @OptionGroup var options: ModelOptions
  @OptionGroup var compute: ComputeOptions

  /// How values become shades.
  enum Shades: String, ExpressibleByArgument, CaseIterable { case map, common, both }

  mutating func validate() throws {
    if index < 0 { throw ValidationError("--index counts from 0, not \(index)") }
    if most < 1 { throw ValidationError("--most must be at least 1, not \(most)") }
    if side < 8 || side > 1024 { throw ValidationError("--side must be from 8 to 1024, not \(side)") }
    if PictureFormat(path: output) == nil {
      throw ValidationError("--output takes a file that ends in .svg or .png; not '\(output)'")
    }
  }

  func run() throws {
    guard let model else { throw Diagnostic("maps needs a net: give it with --model FILE") }
    guard !weights.isEmpty else { throw Diagnostic("maps needs weights: give them with --weights FILE") }
    guard (image == nil) != (data == nil) else {
      throw Diagnostic("maps needs one image: give it with --image FILE, or with --data DATABASE and --index NUMBER")
    }
    try checkReplaceable(output)
    let workers = try compute.start()
    var pictured: [BlobMaps] = [], weightsMaps: [BlobMaps] = []
    for file in try NamedPath.all(weights) {
      let net = try ImageNet(
        model, names(blobs), options: options, compute: compute, workers: workers,
        image: image, data: data, images: images)
      _ = try WeightsFile.load(file.path, into: net.net, log: .silent, requiresEveryLayer: false)
      let maps = try net.maps(of: index, most: most)
      let learned = try names(filters).map { try net.filters(of: $0, most: most) }
      if pictured.isEmpty { (pictured, weightsMaps) = (maps.map(\.empty), learned.map(\.empty)) }
      for i in maps.indices { pictured[i].rows.append((file.name, maps[i].rows[0].maps)) }
      for i in learned.indices { weightsMaps[i].rows.append((file.name, learned[i].rows[0].maps)) }
    }
    let what = image ?? "\(data ?? "") image \(index)"
    let grid = MapGrid(
      title: what, sections: (pictured + weightsMaps).flatMap { $0.sections(shades) }, side: Double(side))
    try OutputFile.draw(to: output) { format, path throws(PictureError) in try grid.write(format, to: path) }
    Console.standard.show("\(output): \(grid.sections.count) tables of maps of \(what)\n")
  }

  private func names(_ text: String?) -> [String] { (text ?? "").split(separator: ",").map(String.init) }
}

/// The maps of one blob or of one layer's weights, a row for each snapshot.
struct BlobMaps {
  let title: String
  let columns: [String]
  var rows: [(name: String, maps: [MapGrid.Map])] = []

  /// The same without rows.
  var empty: BlobMaps { BlobMaps(title: title, columns: columns) }

  /// The tables that show it.
  func sections(_ shades: MapsCommand.Shades) -> [MapGrid.Section] {
    let scales: [Bool] = shades == .both ? [false, true] : [shades == .common]
    return scales.map { isCommon in
      MapGrid.Section(
        title: "\(title), \(isCommon ? "one scale" : "each map on its own scale")", columns: columns, rows: rows,
        hasCommonScale: isCommon)
    }
  }
}
