import Charts
import Crema
import Prototxt

/// A net as boxes and lines: layers that change one blob are in the box of the layer that makes it.
struct NetDiagram {
  /// A layer in a box.
  struct Layer {
    let name: String, type: String
    let kind: LayerKind
    /// Its parameters as short phrases.
    let details: [String]
    let parameters: Int, multiplyAdds: Int
  }

  /// What is drawn as one box.
  struct Box {
    /// The layer that makes the tops, then those that change them.
    var layers: [Layer]
    /// The blobs that the first layer makes: their names, and their shapes as text.
    let tops: [(name: String, shape: String)]
  }

  /// A blob that a box reads.
  struct Line: Equatable {
    /// Indices of boxes, and of the top of the box it comes from.
    let from: Int, top: Int, to: Int
  }

  /// The net's name, or another title if it has none.
  let title: String
  /// TRAIN or TEST.
  let phase: Phase
  private(set) var boxes: [Box] = []
  private(set) var lines: [Line] = []
  /// The number of layers without shapes.
  private(set) var opaque = 0
  /// For each value of the graph, the box and the top that it is.
  private var places: [Int: (box: Int, top: Int)] = [:]
  /// Values with several readers.
  private var shared: Set<Int> = []

  /// All layers.
  var layers: [Layer] { boxes.flatMap(\.layers) }

  /// The picture of a graph.
  ///
  /// - Parameters:
  ///   - sources: data layers as the file has them, where the graph has Input layers in their place.
  ///   - title: what stands above a net without a name.
  init(_ graph: Graph, sources: [Message], title: String) {
    (self.title, phase) = (graph.name.isEmpty ? title : graph.name, graph.state.phase)
    for node in graph.nodes { add(node, graph, sources) }
  }

  private mutating func add(_ node: Graph.Node, _ graph: Graph, _ sources: [Message]) {
    if Self.isImplicitSplit(node) {
      for top in node.tops { places[top] = places[node.bottoms[0]] }
      shared.formUnion(node.tops)
      return
    }
    if node.isOpaque { opaque += 1 }
    let original = sources.first { $0.location == node.definition.location && $0.string("name") == node.name }
    let type = original?.string("type") ?? node.type
    let own = node.weights.filter { !$0.isShared }.reduce(0) { $0 + graph.parameters[$1.parameter].shape.count }
    let layer = Layer(
      name: node.name, type: type, kind: LayerKind(type: type),
      details: LayerDetails.phrases(original ?? node.definition),
      parameters: own, multiplyAdds: node.plan.multiplyAdds)
    if let box = host(of: node) {
      boxes[box].layers.append(layer)
      for top in node.tops { places[top] = (box, 0) }
      return
    }
    for bottom in node.bottoms {
      guard let place = places[bottom] else { continue }
      lines.append(Line(from: place.box, top: place.top, to: boxes.count))
    }
    for (index, top) in node.tops.enumerated() { places[top] = (boxes.count, index) }
    let tops = node.tops.map { top in
      let value = graph.values[top]
      return (value.name, value.isKnown ? "\(value.shape)" : "")
    }
    boxes.append(Box(layers: [layer], tops: tops))
  }

  private static func isImplicitSplit(_ node: Graph.Node) -> Bool {
    node.type == "Split" && node.name.hasSuffix("_split") && node.bottoms.count == 1
  }

  /// Types that are drawn in the box of their bottom, even if they have a top of their own.
  private static let followers: Set<String> = [
    "BatchNorm", "BN", "Bias", "Dropout", "ELU", "PReLU", "ReLU", "ReLU6", "Scale", "Sigmoid", "Swish", "TanH",
  ]

  /// The box whose only top the layer changes, if nobody else reads that.
  private func host(of node: Graph.Node) -> Int? {
    guard node.bottoms.count == 1, node.tops.count == 1, !shared.contains(node.bottoms[0]),
      node.tops == node.bottoms || Self.followers.contains(node.type),
      let box = places[node.bottoms[0]]?.box, boxes[box].tops.count == 1
    else { return nil }
    return box
  }
}
