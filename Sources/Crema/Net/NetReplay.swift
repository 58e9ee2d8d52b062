import Prototxt

/// A net on its way through a recording.
final class NetReplay {
  private let net: Net
  private let recording: Recording
  private let options: Verifier.Options
  private var comparisons: [Comparison] = []
  /// Values whose data, or whose gradients, a step keeps to itself.
  private var hidden: (data: Set<Int>, gradients: Set<Int>) = ([], [])
  private var graph: Graph { net.graph }

  init(_ net: Net, _ recording: Recording, _ options: Verifier.Options) {
    (self.net, self.recording, self.options) = (net, recording, options)
    for step in net.schedule.steps where options.net.engine != nil {
      let inner = Set(net.memory.inner(step.nodes))
      hidden.data.formUnion(step.hidden?.data ?? inner)
      hidden.gradients.formUnion(step.hidden?.gradients ?? inner)
    }
    hidden.gradients.formUnion(net.sharedGradients?.offsets.keys.map { $0 } ?? [])
  }

  // MARK: A whole net

  func replayNet() throws -> [Comparison] {
    for node in graph.nodes { try setParameters(of: node.name, from: "param/\(node.name)") }
    try setInputs(from: "input")
    let loss = try net.forward()
    try compareBlobs()
    if let expected = try recording.number("loss") {
      add(
        Comparison(
          "loss", layer: "", .forward, found: Tensor([], [loss]), expected: Tensor([], [Float(expected)]),
          within: options.forward))
    }
    guard try !recording.names(in: "diff").isEmpty || !recording.names(in: "param_diff").isEmpty else {
      return comparisons
    }
    net.clearGradients()
    try net.backward()
    try compareGradients()
    return comparisons
  }

  private func compareBlobs() throws {
    var recorded = Set(try recording.paths(in: "blob"))
    for (index, node) in graph.nodes.enumerated() {
      for top in node.tops where lastWriter(of: top) == index {
        let name = graph.values[top].name
        recorded.remove(name)
        if hidden.data.contains(top) { continue }
        try compare("blob/\(name)", node.name, .forward, net.memory.values[top].data, isRequired: true)
      }
      for (i, blob) in net.memory.weights[index].enumerated() {
        try compare("param_after/\(node.name)/\(i)", node.name, .forward, blob.data)
      }
    }
    for name in recorded.sorted() { try reportMissing("blob/\(name)", .forward) }
  }

  private func compareGradients() throws {
    var recorded = Set(try recording.paths(in: "diff"))
    for (index, node) in graph.nodes.enumerated().reversed() {
      let own = node.tops.filter { firstReader(of: $0) == nil } + node.bottoms.filter { firstReader(of: $0) == index }
      for value in own {
        let name = graph.values[value].name
        recorded.remove(name)
        if hidden.gradients.contains(value) || isSuperfluous(value) { continue }
        try compare("diff/\(name)", node.name, .backward, net.memory.values[value].gradient)
      }
      for (i, blob) in net.memory.weights[index].enumerated() {
        try compare("param_diff/\(node.name)/\(i)", node.name, .backward, blob.gradient)
      }
    }
    for name in recorded.sorted() { try reportMissing("diff/\(name)", .backward) }
  }

  /// The node that leaves a value as it is after the pass: the last one in place.
  private func lastWriter(of value: Int) -> Int? { graph.nodes.lastIndex { $0.tops.contains(value) } }

  /// The node that leaves a gradient as it is after the pass.
  private func firstReader(of value: Int) -> Int? { graph.nodes.firstIndex { $0.bottoms.contains(value) } }

  /// Whether nobody asks for a gradient that Caffe's BatchNorm and recurrent layers write all the same.
  private func isSuperfluous(_ value: Int) -> Bool {
    guard let reader = firstReader(of: value).map({ graph.nodes[$0] }),
      ["BatchNorm", "LSTM", "RNN"].contains(reader.type)
    else { return false }
    return !zip(reader.bottoms, reader.wanted).contains { $0 == value && $1 }
  }

  // MARK: One layer

  func replayLayer() throws -> [Comparison] {
    guard let index = graph.node("layer") else {
      throw Diagnostic(
        "\(recording.path): the recording is of a layer named 'layer', and the net has none of this name")
    }
    let node = graph.nodes[index]
    try setParameters(of: "layer", from: "param")
    for _ in 0..<max(1, Int(try recording.number("forwards") ?? 1)) {
      try setInputs(from: "bottom")
      try net.forward()
    }
    for top in node.tops {
      try compare("top/\(graph.values[top].name)", "layer", .forward, net.memory.values[top].data, isRequired: true)
    }
    for (i, blob) in net.memory.weights[index].enumerated() {
      try compare("param_after/\(i)", "layer", .forward, blob.data)
    }
    guard try !recording.names(in: "top_diff").isEmpty else { return comparisons }
    net.clearGradients()
    try backward(index, into: "param_diff")
    for bottom in node.bottoms {
      let name = graph.values[bottom].name
      try compare("bottom_diff/\(name)", "layer", .backward, net.memory.values[bottom].gradient)
    }
    try backward(index, into: "param_diff_twice")
    return comparisons
  }

  private func backward(_ index: Int, into group: String) throws {
    for top in graph.nodes[index].tops {
      let path = "top_diff/\(graph.values[top].name)"
      if try recording.hasTensor(path) { try copy(path, to: net.memory.values[top].gradient) }
    }
    try net.backward(node: index)
    for (i, blob) in net.memory.weights[index].enumerated() {
      try compare("\(group)/\(i)", "layer", .backward, blob.gradient)
    }
  }

  // MARK: Both

  private func setParameters(of layer: String, from group: String) throws {
    let tensors = try recording.numbered(in: group)
    let weights = net.weights(of: layer) ?? []
    guard tensors.count == weights.count else {
      throw Diagnostic(
        "\(recording.path): \(tensors.count) parameters are recorded in '\(group)', and layer '\(layer)' has "
          + "\(weights.count); the recording belongs to another net")
    }
    for (i, blob) in weights.enumerated() { try copy("\(group)/\(i)", to: blob.data) }
  }

  private func setInputs(from group: String) throws {
    for name in try recording.paths(in: group) {
      guard let blob = net.blob(name) else {
        throw Diagnostic("\(recording.path): '\(group)/\(name)' is recorded, and the net has no blob of this name")
      }
      try copy("\(group)/\(name)", to: blob.data)
    }
    for input in graph.inputs where try !recording.hasTensor("\(group)/\(graph.values[input].name)") {
      throw Diagnostic(
        "\(recording.path): the net's input '\(graph.values[input].name)' is not in the recording's '\(group)'")
    }
  }

  private func copy(_ path: String, to target: Tensor) throws {
    let tensor = try recording.tensor(path)
    guard tensor.shape == target.shape else {
      throw Diagnostic(
        "\(recording.path): '\(path)' is \(tensor.shape), and the net's is \(target.shape); the recording belongs to another net"
      )
    }
    target.copy(tensor)
  }

  private func compare(
    _ path: String, _ layer: String, _ direction: Comparison.Direction, _ found: Tensor, isRequired: Bool = false
  ) throws {
    guard try recording.hasTensor(path) else {
      if isRequired {
        add(Comparison(path, layer: layer, direction, shape: found.shape, problem: "the recording does not have it"))
      }
      return
    }
    let tolerance = direction == .forward ? options.forward : options.backward
    add(
      Comparison(
        path, layer: layer, direction, found: found, expected: try recording.tensor(path), within: tolerance))
  }

  private func reportMissing(_ path: String, _ direction: Comparison.Direction) throws {
    let shape = try recording.tensor(path).shape
    add(Comparison(path, layer: "", direction, shape: shape, problem: "the net does not have it"))
  }

  private func add(_ comparison: Comparison) { comparisons.append(comparison) }
}

extension Recording {
  /// The tensors in a group by their paths below it: a blob `a/b` lies in a group `a`.
  fileprivate func paths(in group: String) throws -> [String] {
    try names(in: group).flatMap { name in
      try hasTensor("\(group)/\(name)") ? [name] : try paths(in: "\(group)/\(name)").map { "\(name)/\($0)" }
    }
  }
}
