import CKernels

/// BatchNorm and Scale between two chains, while training. The chain before notes each plane's moments while it is in cache,
/// the chain after reads through one multiplication and addition. Images are joined in their order, in doubles.
@safe final class ChainNorm {
  /// BatchNorm and its Scale.
  let nodes: Range<Int>
  /// The bottom of BatchNorm; its gradient's memory holds the gradient of Scale's top.
  let value: Int
  /// The top of BatchNorm.
  let top: Int
  private(set) var factors: [(Float, Float)]
  private(set) var backFactors: [(Float, Float, Float)]
  private let images: Int, channels: Int, area: Int
  private let moments: Buffer<Double>, sums: Buffer<Double>
  private var mean: [Double], inverse: [Double]
  private let layer: BatchNorm, statistics: [Blob], gamma: Blob, beta: Blob
  private let learns: [Bool]
  private let kernels: UnsafePointer<Kernels>

  /// The nodes behind a chain, if they are BatchNorm with the batch's statistics and then a chain that begins with Scale.
  static func following(_ program: ChainProgram, in memory: Memory, watched: Set<Int>) -> (
    norm: Int, program: ChainProgram
  )? {
    let nodes = memory.graph.nodes, index = program.nodes.upperBound
    guard index + 1 < nodes.count, let layer = nodes[index].layer as? BatchNorm, !layer.usesGathered,
      nodes[index].runsBackward, nodes[index].wanted == [true], nodes[index].bottoms == nodes[index - 1].tops,
      ChainCompiler.isScale(nodes[index + 1]), nodes[index + 1].bottoms == nodes[index].tops,
      let next = ChainCompiler.compile(from: index + 1, in: memory, watched: watched), next.runsBackward,
      next.grid.pad == 0
    else { return nil }
    let between = Set(memory.inner(program.nodes.lowerBound..<next.nodes.upperBound))
    guard between.isSuperset(of: nodes[index].bottoms + nodes[index].tops + nodes[index + 1].tops) else { return nil }
    return (index, next)
  }

  /// The norm behind a chain and the chain behind it, or `nil`.
  init?(_ index: Int, in memory: Memory, set: UnsafePointer<Kernels>) {
    let nodes = memory.graph.nodes
    guard let layer = nodes[index].layer as? BatchNorm else { return nil }
    let shape = memory.values[nodes[index].bottoms[0]].shape
    self.nodes = index..<index + 2
    (value, top, self.layer, statistics) = (nodes[index].bottoms[0], nodes[index].tops[0], layer, memory.weights[index])
    (gamma, beta) = (memory.weights[index + 1][0], memory.weights[index + 1][1])
    learns = nodes[index + 1].learns
    (images, channels, area) = (shape[0], shape[1], shape.count(from: 2))
    moments = Buffer(2 * images * channels)
    sums = Buffer(2 * images * channels)
    factors = Array(repeating: (0, 0), count: channels)
    backFactors = Array(repeating: (0, 0, 0), count: channels)
    (mean, inverse) = (Array(repeating: 0, count: channels), Array(repeating: 0, count: channels))
    unsafe kernels = set
  }

  /// What BatchNorm's top is of its bottom: a factor and what is added.
  func normalization(of channel: Int) -> (Float, Float) {
    (Float(inverse[channel]), Float(-inverse[channel] * mean[channel]))
  }

  /// Notes the moments of a plane of the bottom.
  func note(_ x: UnsafePointer<Float>, _ image: Int, _ channel: Int) {
    let at = unsafe moments.base + 2 * (image * channels + channel)
    unsafe kernels.pointee.moments(x, Int32(area), at, at + 1)
  }

  /// Notes the sums that backward needs of a plane: `dy` is the gradient of Scale's top.
  func noteSums(_ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ image: Int, _ channel: Int) {
    let at = unsafe sums.base + 2 * (image * channels + channel)
    unsafe kernels.pointee.sums(dy, x, Float(mean[channel]), Int32(area), at, at + 1)
  }

  /// After all images of the chain before: the batch's statistics, and the factors to read through.
  func join() {
    for c in 0..<channels {
      var (count, mean, squares) = (0.0, 0.0, 0.0)
      for image in 0..<images {
        let at = unsafe moments.base + 2 * (image * channels + c)
        let delta = unsafe at[0] - mean, all = count + Double(area)
        mean += delta * Double(area) / all
        squares += unsafe at[1] + delta * delta * count * Double(area) / all
        count = all
      }
      (self.mean[c], inverse[c]) = (mean, 1 / (squares / count + Double(layer.epsilon)).squareRoot())
      let scale = Double(gamma.data.read { $0[c] }) * inverse[c]
      factors[c] = (Float(scale), Float(Double(beta.data.read { $0[c] }) - scale * mean))
      statistics[0].data.write { $0[c] = $0[c] * layer.fraction + Float(mean) }
      statistics[1].data.write { $0[c] = $0[c] * layer.fraction + Float(count > 1 ? squares / (count - 1) : squares) }
    }
    statistics[2].data.write { $0[0] = $0[0] * layer.fraction + 1 }
  }

  /// After all images of the chain behind, backward: gradients of Scale, and the factors of the gradient of the bottom.
  func joinSums() {
    for c in 0..<channels {
      var (total, products) = (0.0, 0.0)
      for image in 0..<images {
        let at = unsafe sums.base + 2 * (image * channels + c)
        unsafe total += at[0]
        unsafe products += at[1]
      }
      products *= inverse[c]
      if learns[0] { gamma.gradient.write { $0[c] += Float(products) } }
      if learns[1] { beta.gradient.write { $0[c] += Float(total) } }
      let count = Double(images * area), a = Double(gamma.data.read { $0[c] }) * inverse[c]
      let b = -a * inverse[c] * products / count
      backFactors[c] = (Float(a), Float(b), Float(-a * total / count - b * mean[c]))
    }
  }
}
