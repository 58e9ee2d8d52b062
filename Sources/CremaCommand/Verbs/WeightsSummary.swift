import Crema
import Prototxt

/// The table of a file of weights.
enum WeightsSummary {
  /// Whether a file is shown as weights, by its name.
  static func applies(to path: String) -> Bool { path.hasSuffix(".caffemodel") || path.hasSuffix(".h5") }

  /// One line for each layer with the shapes of its blobs, then the totals.
  static func text(_ path: String) throws(Diagnostic) -> String {
    let source = try WeightsFile.open(path)
    var table = Table([("layer", .left), ("type", .left), ("blobs", .left), ("parameters", .right)])
    var total = 0
    for layer in source.layers {
      let count = layer.blobs.reduce(0) { $0 + $1.count }
      total += count
      table.add([
        layer.name, layer.type ?? "", layer.blobs.map { "\($0.shape)" }.joined(separator: ", "),
        count > 0 ? count.grouped : "",
      ])
    }
    table.addRule()
    table.add(["\(source.layers.count) layers", "", "", total.grouped])
    let head = source.name.isEmpty ? "" : "\(source.name)\n\n"
    return "\(head)\(table.text)\nParameters take \(NetSummary.size(total * 4)).\n"
  }
}
