/// The lines of `debug_info`: the mean absolute value of every blob. The net must be one with `Options.separated`.
package struct DebugInfo {
  private let net: Net
  private let log: Log

  /// Of a net, whose lines go to `log`.
  package init(_ net: Net, _ log: Log) { (self.net, self.log) = (net, log) }

  /// After the forward pass of some nodes: their tops and weights.
  package func forward(_ nodes: Range<Int>) {
    for index in nodes {
      let node = net.graph.nodes[index]
      for top in node.tops {
        show(593, "Forward", node.name, "top blob \(net.graph.values[top].name) data", net.memory.values[top].data)
      }
      for (use, blob) in zip(node.weights, net.memory.weights[index]) {
        show(605, "Forward", node.name, "param blob \(net.graph.parameters[use.parameter].name) data", blob.data)
      }
    }
  }

  /// After the backward pass of some nodes.
  func backward(_ nodes: Range<Int>) {
    for index in nodes where net.graph.nodes[index].runsBackward {
      let node = net.graph.nodes[index]
      for (bottom, wanted) in zip(node.bottoms, node.wanted) where wanted {
        let name = net.graph.values[bottom].name
        show(621, "Backward", node.name, "bottom blob \(name) diff", net.memory.values[bottom].gradient)
      }
      for (i, blob) in net.memory.weights[index].enumerated() where node.learns[i] {
        show(632, "Backward", node.name, "param blob \(i) diff", blob.gradient)
      }
    }
  }

  /// After the whole backward pass.
  func finish() {
    let blobs = net.graph.parameters.map { net.memory.blob(of: $0) }
    let norms = { (part: (Blob) -> Tensor) in
      let sum = blobs.reduce(Float(0)) { $0 + part($1).absoluteSum }
      let squares = blobs.reduce(Float(0)) { $0 + part($1).dot(part($1)) }
      return (logNumber(sum), logNumber(squares.squareRoot()))
    }
    let (data, gradient) = (norms(\.data), norms(\.gradient))
    log.add(
      .error, "net.cpp", 721,
      "    [Backward] All net params (data, diff): L1 norm = (\(data.0), \(gradient.0)); L2 norm = (\(data.1), \(gradient.1))"
    )
  }

  private func show(_ line: Int, _ pass: String, _ layer: String, _ what: String, _ tensor: Tensor) {
    let mean = tensor.count == 0 ? 0 : tensor.absoluteSum / Float(tensor.count)
    log.info("net.cpp", line, "    [\(pass)] Layer \(layer), \(what): \(logNumber(mean))")
  }
}
