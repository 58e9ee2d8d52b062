import Crema

/// The table of a net's layers.
enum NetSummary {
  /// One line for each layer, then the totals.
  static func text(_ graph: Graph) -> String {
    var table = Table([
      ("layer", .left), ("type", .left), ("output", .left), ("parameters", .right), ("multiply-adds", .right),
      ("memory", .right),
    ])
    var parameters = 0, multiplyAdds = 0, numbers = 0, seen: Set<Int> = []
    for node in graph.nodes {
      let own = node.weights.filter { !$0.isShared }.reduce(0) { $0 + graph.parameters[$1.parameter].shape.count }
      let memory =
        node.plan.aliases || node.isOpaque
        ? 0 : node.tops.filter { seen.insert($0).inserted }.reduce(0) { $0 + graph.values[$1].shape.count }
      parameters += own
      multiplyAdds += node.plan.multiplyAdds
      numbers += memory
      let shapes = node.tops.map { graph.values[$0].isKnown ? "\(graph.values[$0].shape)" : "unknown" }
      let isRepeated = shapes.count > 1 && Set(shapes).count == 1
      table.add([
        node.name, node.type, isRepeated ? "\(shapes.count) of \(shapes[0])" : shapes.joined(separator: ", "),
        own > 0 ? own.grouped : "", node.plan.multiplyAdds > 0 ? node.plan.multiplyAdds.grouped : "",
        memory > 0 ? size(memory * 4) : "",
      ])
    }
    table.addRule()
    table.add([
      "\(graph.nodes.count) layers", "", "", parameters.grouped, multiplyAdds.grouped, size(numbers * 4),
    ])
    let opaque = graph.nodes.count(where: \.isOpaque)
    let missing = opaque == 0 ? "" : "The totals lack \(opaque) layers whose shapes are unknown.\n"
    let head = graph.name.isEmpty ? "" : "\(graph.name), "
    return "\(head)phase \(graph.state.phase.rawValue)\n\n\(table.text)\n"
      + "Parameters take \(size(parameters * 4)); multiply-adds are those of one forward pass over the batch; memory is that of "
      + "the outputs, and their gradients take as much again.\n" + missing
  }

  /// `512 B`, `36.5 KB`, `1.20 MB`, in powers of 1024.
  static func size(_ bytes: Int) -> String {
    var value = Double(bytes), unit = "B"
    for next in ["KB", "MB", "GB", "TB"] where value >= 1024 { (value, unit) = (value / 1024, next) }
    return unit == "B" ? "\(bytes) B" : "\(ProgressLine.short(value)) \(unit)"
  }
}
