import Crema
import Prototxt

/// Converts weights between .caffemodel and .caffemodel.h5.
public enum WeightsConversion {
  /// Writes the weights of one file into another one; what is read is told by its content, what is written by its name
  /// (`.h5` or `.caffemodel`). Numbers stay the same bits.
  ///
  /// Without a graph every layer of the file is taken as it is: axes stay (four in files of the oldest formats), and a
  /// .caffemodel made of HDF5 has names and blobs, but no types, which HDF5 does not hold. With a graph the result is
  /// what Caffe saves of that net: all layers of the definition, and the weights that the file has for them.
  ///
  /// - Parameters:
  ///   - graph: the net that the weights are for.
  ///   - allowMissing: layers of the graph for which the file has no weights are written without blobs, not an error.
  /// - Returns: with a graph, what was taken and what was not.
  /// - Throws: a file that cannot be read, weights that do not fit the graph, or a file that cannot be written; one
  ///   that was there is then as it was.
  @discardableResult
  public static func convert(
    from source: String, to target: String, graph: Graph? = nil, allowMissing: Bool = false
  ) throws(Diagnostic) -> LoadReport? {
    let format = try format(of: target)
    let weights = try WeightsFile.open(source)
    guard let graph else {
      let same = format == (weights is HDF5WeightsReader ? .hdf5 : .binary)
      guard !same else {
        throw Diagnostic(
          "'\(source)' and '\(target)' have the same format, so there is nothing to convert; copy the file, upgrade an "
            + "old .caffemodel with `crema upgrade`, or fit it to a net with --model")
      }
      try everything(of: weights).write(to: target, format: format)
      return nil
    }
    let matching = try WeightsMatching(weights, graph, log: .silent)
    let covered = Set(matching.pairs.filter { !$0.source.blobs.isEmpty }.map(\.node))
    let report = LoadReport(files: [source], graph, covered: covered, ignored: matching.ignored)
    if !allowMissing { try WeightsFile.requireAll(report, graph) }
    try fitted(matching, weights, graph).write(to: target, format: format)
    return report
  }

  private static func format(of path: String) throws(Diagnostic) -> WeightsFormat {
    if path.hasSuffix(".h5") || path.hasSuffix(".hdf5") { return .hdf5 }
    if path.hasSuffix(".caffemodel") { return .binary }
    throw Diagnostic(
      "the name '\(path)' does not say in which format weights are wanted; end it with .caffemodel or .caffemodel.h5")
  }

  /// All layers as they are in the file.
  private static func everything(of weights: any WeightsSource) throws(Diagnostic) -> OutgoingWeights {
    var layers: [OutgoingWeights.Layer] = []
    for stored in weights.layers {
      if let missing = stored.blobs.indices.first(where: { stored.blobs[$0].index != $0 }) {
        throw Diagnostic(
          "'\(weights.path)' has no blob \(missing) of layer '\(stored.name)': in HDF5 files weights that layers share "
            + "stand only in the first one; give the net's definition with --model")
      }
      var definition = Message(CaffeSchema.layer)
      definition.set("name", stored.name)
      if let type = stored.type { definition.set("type", type) }
      let blobs = stored.blobs.map { blob in
        OutgoingWeights.Blob(blob.shape, hasGradients: blob.gradientCount > 0) { part throws(Diagnostic) in
          try weights.tensor(blob, part)
        }
      }
      layers.append(OutgoingWeights.Layer(definition: definition, blobs: blobs))
    }
    return OutgoingWeights(name: weights.name, layers: layers)
  }

  /// The layers of the graph, with the weights that fit them.
  private static func fitted(
    _ matching: WeightsMatching, _ weights: any WeightsSource, _ graph: Graph
  ) -> OutgoingWeights {
    var found: [Int: StoredBlob] = [:], own: [[Int: StoredBlob]] = graph.nodes.map { _ in [:] }
    for (layer, node) in matching.pairs {
      for blob in layer.blobs {
        own[node][blob.index] = blob
        guard !graph.nodes[node].isOpaque else { continue }
        found[graph.nodes[node].weights[blob.index].parameter] = blob
      }
    }
    let layers = graph.nodes.enumerated().map { index, node in
      if node.isOpaque {
        let blobs = own[index].sorted { $0.key < $1.key }.map { _, blob in
          OutgoingWeights.Blob(blob.shape, hasGradients: blob.gradientCount > 0) { part throws(Diagnostic) in
            try weights.tensor(blob, part)
          }
        }
        return OutgoingWeights.Layer(definition: node.definition, blobs: blobs)
      }
      let stored = node.weights.enumerated().compactMap { own[index][$0] ?? found[$1.parameter] }
      guard stored.count == node.weights.count else {
        return OutgoingWeights.Layer(definition: node.definition, blobs: [])
      }
      let blobs = zip(stored, node.weights.indices).map { blob, weight in
        OutgoingWeights.Blob(
          node.plan.weights[weight].shape, isOwned: !node.weights[weight].isShared, hasGradients: blob.gradientCount > 0
        ) { part throws(Diagnostic) in try weights.tensor(blob, part) }
      }
      return OutgoingWeights.Layer(definition: node.definition, blobs: blobs)
    }
    return OutgoingWeights(name: graph.name, layers: layers)
  }
}
