import Prototxt

extension Graph {
  /// The same graph with other shapes: layers behind the values that change are planned anew.
  ///
  /// - Parameter shapes: by value; each is a top of a layer without bottoms, or of one that decides about it.
  /// - Throws: the first layer that cannot take its new bottoms, or whose weights would need other shapes.
  func reshaped(_ shapes: [Int: Shape]) throws(Diagnostic) -> Graph {
    var graph = self, changed: Set<Int> = []
    for (value, shape) in shapes where shape != values[value].shape {
      guard shape.checkedCount != nil else {
        throw Diagnostic("blob '\(values[value].name)' would be \(shape), which is more than a blob may have")
      }
      graph.values[value] = Value(name: values[value].name, shape: shape)
      changed.insert(value)
    }
    for index in nodes.indices {
      let node = nodes[index]
      if node.bottoms.isEmpty {
        graph.nodes[index].plan.tops = node.tops.map { graph.values[$0].shape }
        continue
      }
      guard node.bottoms.contains(where: changed.contains) else { continue }
      let plan = try graph.planned(node, node.bottoms.map { graph.values[$0].shape })
      graph.nodes[index].plan = plan
      for (top, shape) in zip(node.tops, plan.tops) where shape != graph.values[top].shape {
        graph.values[top] = Value(name: values[top].name, shape: shape)
        changed.insert(top)
      }
    }
    return graph
  }

  /// The plan of a node for other bottoms, which must leave its weights as they are.
  private func planned(_ node: Node, _ bottoms: [Shape]) throws(Diagnostic) -> Plan {
    let notes = node.bottoms.map {
      Diagnostic("bottom '\(values[$0].name)' is now \(values[$0].shape)", severity: .note)
    }
    let plan: Plan
    do throws(ShapeError) { plan = try node.layer.plan(bottoms) } catch {
      throw Graph.error(in: node.definition, error.message, at: error.location, notes: notes)
    }
    for (index, (new, old)) in zip(plan.weights, node.plan.weights).enumerated() where new.shape != old.shape {
      throw Graph.error(
        in: node.definition,
        "cannot take bottoms of another size: its blob \(index) is \(old.shape), and these bottoms would need \(new.shape)",
        notes: notes)
    }
    for (top, shape) in zip(node.tops, plan.tops) where shape.checkedCount == nil {
      throw Graph.error(
        in: node.definition, "top '\(values[top].name)' would be \(shape), which is more than a blob may have",
        notes: notes)
    }
    return plan
  }
}
