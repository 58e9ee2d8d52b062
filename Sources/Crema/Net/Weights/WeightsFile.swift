import HDF5
import Prototxt
import Synchronization

/// Files of weights, whatever their format: it is told by their content, not by their name.
public enum WeightsFile {
  /// Copies the weights of a file into the layers of a net that have the same names.
  ///
  /// - Parameters:
  ///   - log: takes the lines that Caffe logs.
  ///   - requiresEveryLayer: layers of the net that find no weights are an error, not just part of the report.
  /// - Returns: what was copied and what was not.
  /// - Throws: a file that is damaged or no file of weights, blobs of another number or shape (the net is then as it
  ///   was), or a file of which no layer fits.
  @discardableResult
  public static func load(
    _ path: String, into net: Net, log: Log = .silent, requiresEveryLayer: Bool = false
  ) throws(Diagnostic) -> LoadReport {
    try load([path], into: net, log: log, requiresEveryLayer: requiresEveryLayer)
  }

  /// Copies the weights of several files, one after the other; later ones replace what earlier ones gave.
  ///
  /// - Throws: as for one file.
  @discardableResult
  public static func load(
    _ paths: [String], into net: Net, log: Log = .silent, requiresEveryLayer: Bool = false
  ) throws(Diagnostic) -> LoadReport {
    var covered: Set<Int> = [], ignored: [StoredLayer] = []
    for path in paths {
      let source = try open(path, log: log)
      let matching = try WeightsMatching(source, net.graph, log: log)
      for (layer, node) in matching.pairs {
        for blob in layer.blobs { try copy(blob, of: layer, from: source, to: net.memory.weights[node][blob.index]) }
        if !layer.blobs.isEmpty { covered.insert(node) }
      }
      ignored += matching.ignored
    }
    let report = LoadReport(files: paths, net.graph, covered: covered, ignored: ignored)
    if requiresEveryLayer { try requireAll(report, net.graph) }
    return report
  }

  private static func copy(
    _ blob: StoredBlob, of layer: StoredLayer, from source: any WeightsSource, to target: Blob
  ) throws(Diagnostic) {
    for (part, count, tensor) in [
      (StoredBlob.Part.values, blob.count, target.data), (.gradients, blob.gradientCount, target.gradient),
    ] where part == .values || (count > 0 && source is CaffemodelReader) {
      guard count == tensor.count else {
        throw Diagnostic(
          "'\(source.path)': param \(blob.index) of layer '\(layer.name)' holds \(count) "
            + "\(part == .values ? "numbers" : "gradients"), but its shape \(blob.shape) needs \(tensor.count); "
            + "the file is damaged: copy it again or write it anew")
      }
      try source.read(blob, part, into: tensor)
      tensor.noteChange()
    }
  }

  /// Opens a file of weights, and logs what Caffe logs of it.
  package static func open(_ path: String, log: Log = .silent) throws(Diagnostic) -> any WeightsSource {
    if try FileKind(contentsOf: path) == .hdf5 {
      let reader = try HDF5WeightsReader(path)
      if let kind = try reader.firstClass() { HDF5Log.note(kind, log) }
      return reader
    }
    let reader = try CaffemodelReader(path)
    reader.form.log(log, file: path)
    return reader
  }

  /// - Throws: the layers that got no weights, if there are any.
  package static func requireAll(_ report: LoadReport, _ graph: Graph) throws(Diagnostic) {
    let missing = report.layers(.notFound)
    guard let first = missing.first, let node = graph.node(first.name) else { return }
    let names = missing.prefix(5).map { "'\($0.name)'" }.joined(separator: ", ") + (missing.count > 5 ? ", ..." : "")
    throw Diagnostic(
      "\(missing.count == 1 ? "layer \(names) gets" : "\(missing.count) layers get") no weights from "
        + "\(report.files.map { "'\($0)'" }.joined(separator: ", "))\(missing.count == 1 ? "" : ": \(names)"); "
        + "layers are matched by name: rename them, or give the file that belongs to the net",
      at: graph.nodes[node].definition.location(of: "name"),
      notes: missing.compactMap { $0.hint.isEmpty ? nil : Diagnostic("'\($0.name)': \($0.hint)", severity: .note) })
  }
}

/// Caffe's line on the type of datasets, once in a process for each type.
enum HDF5Log {
  private static let seen = Mutex<Set<String>>([])

  static func note(_ kind: HDF5ElementClass, _ log: Log) {
    let (name, line): (String, Int)
    switch kind {
    case .float: (name, line) = ("H5T_FLOAT", 33)
    case .integer: (name, line) = ("H5T_INTEGER", 37)
    default: return
    }
    if seen.withLock({ $0.insert(name).inserted }) { log.info("hdf5.cpp", line, "Datatype class: \(name)") }
  }
}

extension LoadReport {
  /// The report of a net of which the nodes in `covered` got their weights.
  package init(files: [String], _ graph: Graph, covered: Set<Int>, ignored: [StoredLayer]) {
    let ignored = ignored.filter { !$0.blobs.isEmpty }
    let owners = Set(covered.flatMap { graph.nodes[$0].weights.map(\.parameter) })
    var layers: [Layer] = []
    for node in graph.nodes where !node.weights.isEmpty {
      let isCovered = node.weights.allSatisfy { owners.contains($0.parameter) }
      let shapes = node.plan.weights.map(\.shape)
      var layer = Layer(
        name: node.name, type: node.type, outcome: isCovered ? .copied : .notFound, blobs: shapes.count,
        parameters: shapes.reduce(0) { $0 + $1.count })
      if !isCovered { layer.hint = LoadReport.hint(node, shapes, ignored) }
      layers.append(layer)
    }
    layers += ignored.map { layer in
      Layer(
        name: layer.name, type: layer.type ?? "", outcome: .ignored, blobs: layer.blobs.count,
        parameters: layer.blobs.reduce(0) { $0 + $1.count })
    }
    self.files = files
    self.layers = layers
    parameters = graph.parameters.reduce(0) { $0 + $1.shape.count }
    copiedParameters = owners.reduce(0) { $0 + graph.parameters[$1].shape.count }
  }

  /// An ignored layer with a similar name, or the only one with the same blobs.
  private static func hint(_ node: Graph.Node, _ shapes: [Shape], _ ignored: [StoredLayer]) -> String {
    let alike = ignored.filter { layer in
      layer.blobs.count == shapes.count && zip(layer.blobs, shapes).allSatisfy { $0.fits($1) }
    }
    if let near = node.name.nearest(in: alike.map(\.name)) { return "the file has '\(near)' of the same shapes" }
    if alike.count == 1 { return "the file has '\(alike[0].name)' of the same shapes" }
    return node.name.nearest(in: ignored.map(\.name)).map { "the file has '\($0)' of other shapes" } ?? ""
  }
}
