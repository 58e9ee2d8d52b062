/// Layers that run by their own code: a chain of layers slice by slice, depth first, or one layer in parts.
final class LayerStep: Step {
  let nodes: Range<Int>
  let jobs: Int
  let sums: [Tensor]
  private let layers: [any Layer]
  private let runsBackward: [Bool]
  private let passes: [[[Pass]]]  // [worker][job][layer]
  private let scratch: [[[Tensor]]]  // [worker][layer]
  private let own: [[Tensor]]  // [job][sum]: gradients of a slice
  private let replaced: [Tensor]  // gradients of the net that each backward pass replaces

  /// A chain.
  ///
  /// - Parameter keepsGradients: whether the gradients of values that only this step touches are read by others.
  init(_ nodes: Range<Int>, in memory: Memory, slices: [Range<Int>], keepsGradients: Bool) {
    self.nodes = nodes
    jobs = slices.count
    layers = nodes.map { memory.graph.nodes[$0].layer }
    runsBackward = nodes.map { memory.graph.nodes[$0].runsBackward }
    let learning = nodes.flatMap { node in
      memory.weights[node].indices.filter {
        memory.graph.nodes[node].runsBackward && memory.graph.nodes[node].learns[$0]
      }
      .map { (node: node, weight: $0) }
    }
    let isSliced = slices.count > 1
    let own = isSliced ? slices.map { _ in learning.map { Tensor(memory.weights[$0.node][$0.weight].shape) } } : []
    self.own = own
    sums = isSliced ? learning.map { memory.weights[$0.node][$0.weight].gradient } : []
    replaced = Self.replaced(nodes, in: memory)
    // Gradients that no other step sees live as long as a job: a slice's worth for each worker.
    let inner = keepsGradients ? [] : memory.inner(nodes)
    let images = slices.map(\.count).max() ?? 0
    passes = (0..<memory.workers).map { _ in
      var gradients: [Int: Tensor] = [:]
      for value in inner { gradients[value] = Tensor(memory.values[value].shape.images(images)) }
      return slices.enumerated().map { job, images in
        var next = 0
        return nodes.map { node in
          let weights = memory.weights[node].enumerated().map { i, blob in
            guard isSliced, next < learning.count, learning[next] == (node, i) else { return blob }
            next += 1
            return Blob(blob.data, gradient: own[job][next - 1])
          }
          return memory.pass(node, images: images, weights: weights, gradients: gradients)
        }
      }
    }
    scratch = Self.scratch(nodes, in: memory)
  }

  /// One layer over the whole batch, in parts.
  init(_ node: Int, in memory: Memory, parts: Int) {
    nodes = node..<node + 1
    jobs = parts
    layers = [memory.graph.nodes[node].layer]
    runsBackward = [memory.graph.nodes[node].runsBackward]
    let passes = (0..<parts).map { [memory.pass(node, part: $0, parts: parts)] }
    self.passes = Array(repeating: passes, count: memory.workers)
    (own, sums) = ([], [])
    replaced = Self.replaced(nodes, in: memory)
    scratch = Self.scratch(nodes, in: memory)
  }

  private static func replaced(_ nodes: Range<Int>, in memory: Memory) -> [Tensor] {
    nodes.flatMap { node in
      zip(memory.graph.nodes[node].plan.weights, memory.weights[node]).filter { $0.0.replacesGradient }.map {
        $0.1.gradient
      }
    }
  }

  /// One piece of memory a worker, as large as the layer that needs most.
  private static func scratch(_ nodes: Range<Int>, in memory: Memory) -> [[[Tensor]]] {
    let shapes = nodes.map { memory.graph.nodes[$0].plan.scratch }
    let most = shapes.map { $0.reduce(0) { $0 + $1.count } }.max() ?? 0
    return (0..<memory.workers).map { _ in
      let arena = Tensor([most])
      return shapes.map { shapes in
        var at = 0
        return shapes.map { shape in
          defer { at += shape.count }
          return arena.view(shape, from: at)
        }
      }
    }
  }

  func forward(_ job: Int, worker: Int) {
    for (i, layer) in layers.enumerated() {
      var pass = passes[worker][job][i]
      pass.scratch = scratch[worker][i]
      layer.forward(pass)
    }
  }

  func startBackward() { for gradient in replaced { gradient.clear() } }

  func backward(_ job: Int, worker: Int) {
    if !own.isEmpty { for gradient in own[job] { gradient.clear() } }
    for (i, layer) in layers.enumerated().reversed() where runsBackward[i] {
      var pass = passes[worker][job][i]
      pass.scratch = scratch[worker][i]
      layer.backward(pass)
    }
  }

  func sum(_ index: Int) {
    for slice in own { sums[index].add(slice[index]) }
  }
}
