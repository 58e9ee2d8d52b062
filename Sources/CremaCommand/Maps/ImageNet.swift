import Charts
import Crema
import Evaluation
import Prototxt

/// A net in phase TEST that is shown one image.
struct ImageNet {
  let net: Net
  private let blobs: [String]
  private let input: (name: String, values: [Float])?

  /// Builds the net for an image file or for a database.
  ///
  /// - Parameter blobs: the blobs that will be looked at; none: the first five that are maps.
  /// - Throws: a net that takes no image, a blob that it lacks, an image that cannot be read.
  init(
    _ model: String, _ blobs: [String], options: ModelOptions, compute: ComputeOptions, workers: Workers,
    image: String?,
    data: String?, images: ImageOptions
  ) throws {
    let original = try NetDefinition(contentsOf: model, permissive: options.permissive)
    original.warnings.forEach(Console.standard.report)
    let state = NetState(options.state(of: original.message, phase: .test))
    var definition = original.taking(images: 1)
    if let data {
      definition = try TestSet(source: data, transform: images.transform(), batch: 1).feeding(original, state)
    }
    var building = GraphBuilder.Options()
    building.environment = options.environment
    let graph = try GraphBuilder.build(definition, state: state.message, options: building)
    self.blobs = try blobs.isEmpty ? Self.firstMaps(graph) : blobs.map { try Self.checked($0, graph) }
    var netOptions = compute.netOptions
    (netOptions.isForwardOnly, netOptions.watched) = (true, .blobs(Set(self.blobs)))
    net = try Net(
      graph, random: RandomStream(), workers: workers, environment: options.environment, options: netOptions)
    input = try image.map { path in
      let input = try ImageInput(graph, images.transform(), resize: nil, options.environment)
      return (input.blob, try input.values(of: path))
    }
  }

  private static func isMaps(_ value: Graph.Value) -> Bool {
    value.shape.rank == 4 && value.shape[2] * value.shape[3] > 1
  }

  private static func firstMaps(_ graph: Graph) -> [String] {
    let names = graph.values.filter { isMaps($0) && !$0.name.contains("_split_") }.map(\.name).uniqued
    return Array(names.prefix(5))
  }

  private static func checked(_ name: String, _ graph: Graph) throws -> String {
    guard let value = graph.value(name).map({ graph.values[$0] }) else {
      throw Diagnostic("the net has no blob '\(name)'", suggestion: name.nearest(in: graph.values.map(\.name)))
    }
    guard isMaps(value) else {
      throw Diagnostic("blob '\(name)' is \(value.shape): no maps (images x channels x height x width) to draw")
    }
    return name
  }

  /// The maps of each blob for an image of the data, counted from 0; each has one row.
  func maps(of index: Int, most: Int) throws -> [BlobMaps] {
    var row = 0
    if let input {
      try net.forward(feeding: [input.name: input.values])
    } else {
      let batch = net.graph.nodes.first { $0.type == "Data" }.map { net.graph.values[$0.tops[0]].shape[0] } ?? 1
      for _ in 0...(index / batch) { try net.forward() }
      row = index % batch
    }
    return blobs.compactMap { name in
      guard let blob = net.blob(name) else { return nil }
      let shape = blob.shape, values = blob.data.values, count = min(most, shape[1])
      let plane = shape[2] * shape[3], start = row * shape[1] * plane
      let maps = (0..<count).map { channel in
        MapGrid.Map(
          width: shape[3], height: shape[2],
          values: Array(values[start + channel * plane..<start + (channel + 1) * plane]))
      }
      return BlobMaps(
        title: "\(name) (\(shape[1])x\(shape[2])x\(shape[3]))", columns: (0..<count).map(String.init),
        rows: [("", maps)])
    }
  }

  /// The kernels of a layer, one map for each pair of an output and a channel; one row.
  func filters(of layer: String, most: Int) throws -> BlobMaps {
    guard let weights = net.weights(of: layer)?.first else {
      throw Diagnostic(
        "the net has no layer '\(layer)' with weights", suggestion: layer.nearest(in: net.graph.nodes.map(\.name)))
    }
    let shape = weights.shape
    guard shape.rank == 4, shape[2] * shape[3] > 1 else {
      throw Diagnostic("the weights of layer '\(layer)' are \(shape): no kernels to draw")
    }
    let plane = shape[2] * shape[3], count = min(most, shape[0] * shape[1]), values = weights.data.values
    let maps = (0..<count).map { index in
      MapGrid.Map(
        width: shape[3], height: shape[2], values: Array(values[index * plane..<(index + 1) * plane]))
    }
    return BlobMaps(
      title: "\(layer) weights (\(shape))", columns: (0..<count).map { "\($0 / shape[1]):\($0 % shape[1])" },
      rows: [("", maps)])
  }
}
