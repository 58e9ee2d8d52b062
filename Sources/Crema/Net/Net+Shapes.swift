import Prototxt

extension Net {
  /// Gives blobs of Input layers other shapes. Layers behind them are planned anew; weights stay, memory grows.
  ///
  /// - Parameter shapes: by the name of the blob.
  /// - Throws: a blob that is no input, or the first layer that cannot take its new bottoms; the net is then as it was.
  public func reshape(_ shapes: [String: Shape]) throws(Diagnostic) {
    var values: [Int: Shape] = [:]
    for (name, shape) in shapes {
      guard let value = graph.inputs.last(where: { graph.values[$0].name == name }) else {
        let names = graph.inputs.map { "'\(graph.values[$0].name)'" }.joined(separator: ", ")
        throw Diagnostic("the net has no input '\(name)'; its inputs are \(names.isEmpty ? "none" : names)")
      }
      values[value] = shape
    }
    try reshape(values)
  }

  /// Gives values other shapes, if they have not got them.
  func reshape(_ shapes: [Int: Shape]) throws(Diagnostic) {
    guard shapes.contains(where: { graph.values[$0].shape != $1 }) else { return }
    let makers = shapes.keys.compactMap { value in graph.nodes.firstIndex { $0.tops.contains(value) } }
    adopt(try graph.reshaped(shapes), from: (makers.min() ?? -1) + 1)
  }

  /// What a pass needs of the nodes in `range` before they run, in their order: batches of data sources, then random numbers.
  func supply(_ range: Range<Int>, takesBatches: Bool) throws(Diagnostic) {
    let sources = takesBatches ? supplies.filter { range.contains($0.node) } : []
    var shapes: [Int: Shape] = [:]
    for supply in sources {
      guard case .source(let source) = supply.kind else { continue }
      let new = try placing(supply.node) { () throws(Diagnostic) in try source.shapes() }
      for (top, shape) in zip(graph.nodes[supply.node].tops, new ?? []) { shapes[top] = shape }
    }
    try reshape(shapes)
    for supply in supplies where range.contains(supply.node) {
      switch supply.kind {
      case .layer(let layer): layer.draw(memory.pass(supply.node), from: random)
      case .source(let source) where takesBatches:
        let tops = graph.nodes[supply.node].tops.map { memory.values[$0].data }
        let events = try placing(supply.node) { () throws(Diagnostic) in try source.next(into: tops, on: workers) }
        if events.restarted { log.info("data_layer.cpp", 73, "Restarting data prefetching from start.") }
      case .source: break
      }
    }
  }

  /// An error of a data source gets the place of its layer.
  private func placing<R>(_ node: Int, _ body: () throws(Diagnostic) -> R) throws(Diagnostic) -> R {
    do throws(Diagnostic) { return try body() } catch {
      throw Graph.error(in: graph.nodes[node].definition, error.message, at: error.location, notes: error.notes)
    }
  }

  /// After a node has run that decides about the shapes of its tops: the layers behind it get them.
  func decide(_ index: Int) throws(Diagnostic) {
    guard let layer = graph.nodes[index].layer as? any DecidingLayer else { return }
    try reshape(Dictionary(uniqueKeysWithValues: zip(graph.nodes[index].tops, layer.decidedShapes(memory.pass(index)))))
  }
}
