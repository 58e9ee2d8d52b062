/// The BatchNorm of NVIDIA's Caffe that scales and adds too: its five blobs are those of a BatchNorm and of the Scale layer behind it.
enum FiveBlobBatchNorm {
  /// The layers of a file, with two instead of one where the file has such a BatchNorm and the net a BatchNorm and a Scale.
  static func divided(_ layers: [StoredLayer], for graph: Graph) -> [StoredLayer] {
    let names = Set(layers.filter { !$0.blobs.isEmpty }.map(\.name))
    return layers.flatMap { layer in
      guard layer.blobs.count == 5, let scale = scale(behind: layer.name, in: graph), !names.contains(scale) else {
        return [layer]
      }
      let order = order(of: layer.blobs)
      return [
        StoredLayer(
          name: layer.name, type: layer.type,
          blobs: order.statistics.enumerated().map { flat(layer.blobs[$1], index: $0) } + [factor]),
        StoredLayer(
          name: scale, type: "Scale", blobs: order.scale.enumerated().map { flat(layer.blobs[$1], index: $0) }),
      ]
    }
  }

  /// The name of the Scale layer with a bias that reads what a BatchNorm makes.
  private static func scale(behind name: String, in graph: Graph) -> String? {
    guard let index = graph.node(name), graph.nodes[index].layer is BatchNorm, let top = graph.nodes[index].tops.first,
      let next = graph.nodes[(index + 1)...].first(where: { $0.bottoms.contains(top) }), next.layer is Scale,
      next.weights.count == 2
    else { return nil }
    return next.name
  }

  /// Which blobs are mean and variance, and which scale and bias: today's order, or the older one of DIGITS, whose last blob is a
  /// single number that means nothing.
  private static func order(of blobs: [StoredBlob]) -> (statistics: [Int], scale: [Int]) {
    blobs[4].count == 1 && blobs[0].count > 1 ? ([2, 3], [0, 1]) : ([0, 1], [3, 4])
  }

  /// The statistics are means, not sums.
  private static var factor: StoredBlob { StoredBlob(index: 2, shape: [1], count: 1, place: .constant(1)) }

  private static func flat(_ blob: StoredBlob, index: Int) -> StoredBlob {
    var flat = blob
    (flat.index, flat.shape, flat.isLegacy) = (index, [blob.count], false)
    return flat
  }
}
