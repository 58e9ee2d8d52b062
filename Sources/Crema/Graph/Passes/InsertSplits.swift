import Prototxt

/// Gives each reader of a blob a name of its own: a Split layer behind every layer whose top has several readers.
///
/// Names and order are Caffe's: logs and weight files show them, and gradients are added in their order.
struct InsertSplits {
  private struct Source: Hashable { let layer: Int, top: Int }

  private let layers: [Message]
  private let unfiltered: [Message]
  /// For each layer, the source of each bottom.
  private var sources: [[Source]] = []
  private var readers: [Source: Int] = [:]

  /// The NetParameter `net`, already filtered, with splits.
  ///
  /// - Parameter unfiltered: the layers of all states, for a remark on a blob that only those of others make.
  /// - Throws: a bottom that no earlier layer makes.
  static func apply(_ net: Message, filteredFrom unfiltered: [Message] = []) throws(Diagnostic) -> Message {
    var split = net
    split.set("layer", try InsertSplits(net.messages("layer"), unfiltered).result())
    return split
  }

  private init(_ layers: [Message], _ unfiltered: [Message]) throws(Diagnostic) {
    (self.layers, self.unfiltered) = (layers, unfiltered)
    var latest: [String: Source] = [:]
    for (i, layer) in layers.enumerated() {
      var found: [Source] = []
      for (j, bottom) in layer.strings("bottom").enumerated() {
        guard let source = latest[bottom] else { throw unknown(bottom, i, j, latest.keys) }
        found.append(source)
        readers[source, default: 0] += 1
      }
      sources.append(found)
      let tops = layer.strings("top")
      for (j, top) in tops.enumerated() { latest[top] = Source(layer: i, top: j) }
      for (j, weight) in layer.floats("loss_weight").prefix(tops.count).enumerated() where weight != 0 {
        readers[Source(layer: i, top: j), default: 0] += 1
      }
    }
  }

  private func unknown(
    _ bottom: String, _ layer: Int, _ index: Int, _ known: some Sequence<String>
  ) -> Diagnostic {
    var diagnostic = layers[layer].error(
      "bottom", index: index,
      "Unknown bottom blob '\(bottom)' (layer '\(layers[layer].string("name"))', bottom index \(index))",
      suggesting: bottom.nearest(in: known))
    let reasons = [
      (Array(layers[layer...]), "but only later; layers run in the order of the file"),
      (
        unfiltered.filter { layer in !layers.contains { $0.location == layer.location } },
        "but its rules (include, exclude) leave it out of this net's state, such as its phase"
      ),
    ]
    for (makers, reason) in reasons {
      guard let maker = makers.first(where: { $0.strings("top").contains(bottom) }),
        let top = maker.strings("top").firstIndex(of: bottom)
      else { continue }
      diagnostic.notes.append(
        Diagnostic(
          "layer '\(maker.string("name"))' makes '\(bottom)', \(reason)", at: maker.location(of: "top", index: top),
          severity: .note))
      break
    }
    return diagnostic
  }

  private func result() -> [Message] {
    var next: [Source: Int] = [:]
    var result: [Message] = []
    for (i, layer) in layers.enumerated() {
      var layer = layer
      let names = zip(layer.strings("bottom"), sources[i]).map { bottom, source in
        guard readers[source, default: 0] > 1 else { return bottom }
        let k = next[source, default: lossReaders(of: source)]
        next[source] = k + 1
        return splitTop(source, k)
      }
      if names != layer.strings("bottom") { layer.set("bottom", names) }
      var splits: [Message] = []
      for (j, top) in layer.strings("top").enumerated() {
        let source = Source(layer: i, top: j)
        let count = readers[source, default: 0]
        guard count > 1 else { continue }
        splits.append(split(top, source, count))
      }
      if splits.contains(where: { $0.has("loss_weight") }) { layer.remove("loss_weight") }
      result.append(layer)
      result += splits
    }
    return result
  }

  private func lossWeight(of source: Source) -> Float {
    let weights = layers[source.layer].floats("loss_weight")
    return source.top < weights.count ? weights[source.top] : 0
  }

  private func lossReaders(of source: Source) -> Int { lossWeight(of: source) != 0 ? 1 : 0 }

  private func splitName(_ source: Source) -> String {
    let layer = layers[source.layer]
    return "\(layer.strings("top")[source.top])_\(layer.string("name"))_\(source.top)_split"
  }

  private func splitTop(_ source: Source, _ k: Int) -> String { "\(splitName(source))_\(k)" }

  private func split(_ blob: String, _ source: Source, _ count: Int) -> Message {
    var layer = Message(layers[source.layer].type, location: layers[source.layer].location)
    layer.set("name", splitName(source))
    layer.set("type", "Split")
    layer.set("bottom", [blob])
    layer.set("top", (0..<count).map { splitTop(source, $0) })
    let weight = lossWeight(of: source)
    if weight != 0 { layer.set("loss_weight", [weight] + Array(repeating: 0, count: count - 1)) }
    return layer
  }
}
