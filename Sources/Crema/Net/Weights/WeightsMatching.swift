import Prototxt

/// Finds for each layer of a file the layer of a net that takes its weights: the first one of the same name.
package struct WeightsMatching {
  /// The pairs whose blobs are copied, in the order of the file.
  package private(set) var pairs: [(source: StoredLayer, node: Int)] = []
  /// Layers of the file that the net has not.
  package private(set) var ignored: [StoredLayer] = []

  /// - Throws: if blobs differ in number or shape (all that do), or if not a single layer fits.
  package init(_ source: any WeightsSource, _ graph: Graph, log: Log) throws(Diagnostic) {
    let isHDF5 = source is HDF5WeightsReader
    var problems: [Diagnostic] = []
    for layer in FiveBlobBatchNorm.divided(source.layers, for: graph) {
      guard let node = graph.node(layer.name) else {
        if isHDF5, layer.blobs.isEmpty, source.layers.contains(where: { $0.name.hasPrefix(layer.name + "/") }) {
          continue
        }
        log.info("net.cpp", isHDF5 ? 801 : 746, "Ignoring source layer \(layer.name)")
        ignored.append(layer)
        continue
      }
      if let problem = Self.problem(layer, graph.nodes[node], isHDF5: isHDF5, file: source.path) {
        problems.append(problem)
      } else {
        pairs.append((layer, node))
      }
    }
    if var first = problems.first {
      first.notes += problems.dropFirst().map { problem in
        Diagnostic(problem.message, at: problem.location, severity: .note, notes: problem.notes)
      }
      throw first
    }
    let wanted = graph.nodes.contains { !$0.weights.isEmpty }
    if wanted, !pairs.contains(where: { !$0.source.blobs.isEmpty }) { throw Self.nothing(source, graph) }
  }

  /// What is wrong with a layer's blobs for this node.
  private static func problem(_ layer: StoredLayer, _ node: Graph.Node, isHDF5: Bool, file: String) -> Diagnostic? {
    if node.isOpaque { return nil }
    let targets = node.plan.weights
    let indices = Set(layer.blobs.map(\.index))
    let isMissing = targets.indices.contains { index in
      !indices.contains(index) && !(isHDF5 && node.weights[index].isShared)
    }
    guard !isMissing, layer.blobs.allSatisfy({ $0.index < targets.count }) else {
      return Graph.error(
        in: node.definition,
        "Incompatible number of blobs for layer \(layer.name): "
          + "\(layer.blobs.count) \(shapes(layer.blobs.map(\.shape))) "
          + "in '\(file)', "
          + "\(targets.count) \(shapes(targets.map(\.shape))) in the net; rename the layer to learn it from scratch",
        notes: countHint(layer, node, targets.count))
    }
    for blob in layer.blobs {
      let target = targets[blob.index].shape
      guard !blob.fits(target) else { continue }
      let hint = ShapeHint.text(blob.shape, target, type: node.type, isHDF5: isHDF5)
      return Graph.error(
        in: node.definition,
        "Cannot copy param \(blob.index) weights from '\(file)': shape mismatch: source param shape is "
          + "\(blob.shape.logDescription), target param shape is \(target.logDescription); to learn this layer's "
          + "parameters from scratch rename the layer",
        notes: hint.map { [Diagnostic($0, severity: .note)] } ?? [])
    }
    return nil
  }

  private static func shapes(_ shapes: [Shape]) -> String {
    "(" + (shapes.isEmpty ? "none" : shapes.map(\.description).joined(separator: ", ")) + ")"
  }

  private static func countHint(_ layer: StoredLayer, _ node: Graph.Node, _ count: Int) -> [Diagnostic] {
    var text: String?
    switch (node.type, layer.blobs.count, count) {
    case ("BatchNorm", 5, 3), ("BatchNorm", 4, 3):
      text =
        "a BatchNorm with scale and bias is NVIDIA's; put a Scale layer with bias_term: true behind it, which takes them"
    case ("Convolution", 2, 1), ("Deconvolution", 2, 1), ("InnerProduct", 2, 1):
      text = "the file has a bias: perhaps the net should not say bias_term: false"
    case ("Convolution", 1, 2), ("Deconvolution", 1, 2), ("InnerProduct", 1, 2):
      text = "the file has no bias: perhaps the net should say bias_term: false"
    default: break
    }
    return text.map { [Diagnostic($0, severity: .note)] } ?? []
  }

  private static func nothing(_ source: any WeightsSource, _ graph: Graph) -> Diagnostic {
    func list(_ names: [String]) -> String {
      names.isEmpty
        ? "none" : names.prefix(5).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 5 ? ", ..." : "")
    }
    let stored = source.layers.filter { !$0.blobs.isEmpty }.map(\.name)
    let wanted = graph.nodes.filter { !$0.weights.isEmpty }.map(\.name)
    return Diagnostic(
      "'\(source.path)' fits no layer of net '\(graph.name)': layers with weights are \(list(stored)) in the file and "
        + "\(list(wanted)) in the net; layers are matched by name: check that file and net belong together")
  }
}
