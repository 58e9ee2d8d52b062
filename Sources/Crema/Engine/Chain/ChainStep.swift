import CKernels

/// A chain of layers, computed image by image on padded planes.
@safe final class ChainStep: Step {
  let nodes: Range<Int>
  let jobs: Int
  let sums: [Tensor]
  let program: ChainProgram
  let memory: Memory
  let grid: Grid
  let slices: [Range<Int>]
  let kernels: UnsafePointer<Kernels>
  let convolutions: [PackedConvolution]
  /// The Scale that the source is read through, while its weights are this chain's business.
  let scale: (gamma: Blob, beta: Blob, learns: [Bool])?
  let own: [Own]  // [slice]
  let planes: [Tensor]  // [worker]
  let gradients: [Tensor]  // [worker]
  let which: Buffer<UInt8>
  let input: ChainNorm?, output: ChainNorm?
  let bands: [Tensor]  // [worker]: scratch of Winograd
  let pieces: [Tensor]  // [worker]: one plane of the chain's top
  private let targets: [(part: Int, isBias: Bool)]  // by index of `sums`
  private var factors: [(Float, Float)]
  private let bandsForward: ChainBands
  let bandsBackward: ChainBands
  /// A slice's own weight gradients: of each convolution, then of the Scale.
  typealias Own = [(weights: Tensor, bias: Tensor)]

  init(
    _ program: ChainProgram, _ memory: Memory, _ slices: [Range<Int>], input: ChainNorm?, output: ChainNorm?,
    _ engine: ChainEngine, _ set: UnsafePointer<Kernels>
  ) {
    (self.program, self.memory, self.slices, grid, jobs) = (program, memory, slices, program.grid, slices.count)
    (self.input, self.output) = (input, output)
    nodes = (input?.nodes.lowerBound ?? program.nodes.lowerBound)..<program.nodes.upperBound
    unsafe kernels = set
    let graph = memory.graph
    let convolutions = program.convolutions.compactMap { index in
      (graph.nodes[index].layer as? Convolution).map { layer in
        unsafe PackedConvolution(
          graph.nodes[index], layer, memory.weights[index], winograd: engine.usesWinograd, phase: graph.state.phase,
          program.grid, set)
      }
    }
    self.convolutions = convolutions
    bandsForward = ChainBands(program, convolutions, backward: false)
    bandsBackward = ChainBands(program, convolutions, backward: true)
    if case .scale(let node) = program.head, input == nil {
      scale = (memory.weights[node][0], memory.weights[node][1], graph.nodes[node].learns)
    } else {
      scale = nil
    }
    factors = []
    var sizes = convolutions.map { ($0.gradientCount, $0.outputs) }
    if let scale { sizes.append((scale.gamma.data.count, scale.beta.data.count)) }
    own = slices.map { _ in sizes.map { (Tensor([$0.0]), Tensor([$0.1])) } }
    var (sums, targets) = ([Tensor](), [(part: Int, isBias: Bool)]())
    if program.runsBackward {
      for (i, convolution) in convolutions.enumerated() {
        if convolution.learnsWeights { targets.append((i, false)) }
        if convolution.learnsBias { targets.append((i, true)) }
        sums += convolution.sums
      }
      if let scale {
        if scale.learns[0] {
          (sums, targets) = (sums + [scale.gamma.gradient], targets + [(convolutions.count, false)])
        }
        if scale.learns[1] { (sums, targets) = (sums + [scale.beta.gradient], targets + [(convolutions.count, true)]) }
      }
    }
    (self.sums, self.targets) = (sums, targets)
    let widest = convolutions.map(\.channels).max() ?? 0, size = program.grid.plane, margin = 2 * program.grid.margin
    planes = (0..<memory.workers).map { _ in Tensor([program.planes * size + margin]) }
    gradients = (0..<memory.workers).map { _ in Tensor([(program.planes + widest) * size + margin]) }
    let pooled = memory.values[graph.nodes[program.nodes.upperBound - 1].tops[0]].data.count
    which = Buffer(pooled)
    let band = convolutions.map(\.scratch).max() ?? 0
    bands = (0..<memory.workers).map { _ in Tensor([band]) }
    pieces = (0..<memory.workers).map { _ in Tensor([program.grid.plane]) }
  }

  // MARK: Weights

  var preparations: [[Tensor]] {
    let head: [[Tensor]] =
      switch program.head {
      case .plain: []
      case .scale(let node): [memory.weights[node].map(\.data)]
      case .gathered(let norm, let scale):
        [(memory.weights[norm] + (scale.map { memory.weights[$0] } ?? [])).map(\.data)]
      }
    return convolutions.map { [$0.source] } + head
  }
  var hidden: Hidden? { nil }

  func prepare(_ piece: Int) {
    if piece < convolutions.count { return convolutions[piece].pack() }
    switch program.head {
    case .plain: break
    case .scale(let node): factors = pairs(scale: node)
    case .gathered(let norm, let scale):
      guard let layer = memory.graph.nodes[norm].layer as? BatchNorm else { return }
      let blobs = memory.weights[norm].map(\.data.values), total = blobs[2][0]
      let all = total == 0 ? 0 : 1 / total
      let scales = scale.map(pairs) ?? Array(repeating: (1, 0), count: blobs[0].count)
      factors = scales.enumerated().map { c, pair in
        let deviation = (blobs[1][c] * all + layer.epsilon).squareRoot(), a = pair.0 / deviation
        return (a, pair.1 - a * (blobs[0][c] * all))
      }
    }
  }

  private func pairs(scale node: Int) -> [(Float, Float)] {
    Array(zip(memory.weights[node][0].data.values, memory.weights[node][1].data.values))
  }

  func sum(_ index: Int) {
    let (part, isBias) = targets[index]
    let first = isBias ? own[0][part].bias : own[0][part].weights
    for slice in own.dropFirst() { first.add(isBias ? slice[part].bias : slice[part].weights) }
    if part < convolutions.count {
      if isBias { convolutions[part].add(bias: first) } else { convolutions[part].add(first) }
    } else {
      sums[index].add(first)
    }
  }

  // MARK: Forward

  func plane(_ i: Int, _ lane: Int) -> UnsafeMutablePointer<Float> {
    unsafe planes[lane].base + (grid.margin + i * grid.plane + grid.start)
  }

  func forward(_ job: Int, worker: Int) {
    for image in slices[job] {
      bandsForward.run { work, rows in run(work, image, rows, worker) }
    }
  }

  func finishForward() { output?.join() }

  /// Computes one piece of work on an image.
  func run(_ work: ChainBands.Work, _ image: Int, _ rows: Range<Int>, _ worker: Int, _ own: Own = []) {
    switch work {
    case .forward(let index):
      forward(program.operations[index], image, ChainShare(lane: worker, worker: worker, band: rows))
    case .weights(let index): addWeights(program.operations[index], rows, worker, own)
    case .backward(let index, let term): backward(program.operations[index], term, image, rows, worker, own)
    }
  }

  /// Computes an operation on an image, or a part of it: some channels, or, of a convolution, some rows.
  func forward(_ operation: ChainOperation, _ image: Int, _ share: ChainShare) {
    let lane = share.lane
    switch operation {
    case .load(let value, let to): load(value, image, to, share)
    case .convolve(let index, let from, let to, _): convolve(convolutions[index], from, to, share)
    case .combine(let sum):
      let rows = share.rows(of: sum.to.height), at = rows.lowerBound * grid.stride
      for c in share.of(sum.to.channels) {
        unsafe kernels.pointee.combine(
          plane(sum.x.place.first + c, lane) + at, plane(sum.y.place.first + c, lane) + at, sum.x.factor, sum.y.factor,
          0, plane(sum.to.first + c, lane) + at, Int32(rows.count * grid.stride))
      }
    case .pool(let from, let value): pool(from, value, image, share)
    }
  }

  private func pool(_ from: Place, _ value: Int, _ image: Int, _ share: ChainShare) {
    let top = memory.values[value], width = top.shape[3], area = top.shape[2] * width
    let rows = share.rows(of: top.shape[2]), isLast = rows.upperBound == top.shape[2]
    let height = isLast ? from.height - 2 * rows.lowerBound : 2 * rows.count + 1
    for c in share.of(from.channels) {
      let plane = (image * from.channels + c) * area, at = plane + rows.lowerBound * width
      unsafe kernels.pointee.pool(
        self.plane(from.first + c, share.lane) + 2 * rows.lowerBound * grid.stride, Int32(from.width), Int32(height),
        Int32(grid.stride), top.data.base + at, which.base + at, Int32(width))
      if isLast, let output { unsafe output.note(top.data.base + plane, image, c) }
    }
  }

  private func convolve(_ convolution: PackedConvolution, _ from: Place, _ to: Place, _ share: ChainShare) {
    let rows = share.dividedRows(of: to.height), first = rows.lowerBound * grid.stride
    guard !rows.isEmpty else { return }
    let x = unsafe plane(from.first, share.lane) + first, y = unsafe plane(to.first, share.lane) + first
    if convolution.transformsForward, let way = convolution.winograd {
      unsafe winograd_convolve(
        way.forward.base, kernels, x, grid.plane, convolution.bias?.base, y, grid.plane, Int32(rows.count),
        bands[share.worker].base)
    } else {
      unsafe kernels.pointee.convolve(
        x, convolution.offsets.base, Int32(convolution.taps), convolution.packed.base, convolution.bias?.base,
        Int32(convolution.outputs), y, grid.plane, Int32(grid.run(to, rows)))
    }
    unsafe clearGap(y, to, rows.count)
  }

  private func load(_ value: Int, _ image: Int, _ to: Place, _ share: ChainShare) {
    let x = unsafe memory.values[input?.value ?? value].data.base + image * to.channels * to.height * to.width
    for c in share.of(to.channels) {
      let (a, b) = input?.factors[c] ?? (factors.isEmpty ? (1, 0) : factors[c])
      let (from, y) = unsafe (x + c * to.height * to.width, plane(to.first + c, share.lane))
      let rows = share.rows(of: to.height)
      if grid.pad == 0 {
        let at = rows.lowerBound * to.width
        unsafe kernels.pointee.scale(from + at, a, b, y + at, Int32(rows.count * to.width))
      } else {
        for row in rows {
          unsafe kernels.pointee.scale(from + row * to.width, a, b, y + row * grid.stride, Int32(to.width))
        }
      }
    }
  }

  /// The columns beyond the width become zero, in as many rows from `y` on.
  func clearGap(_ y: UnsafeMutablePointer<Float>, _ place: Place, _ rows: Int) {
    guard grid.pad > 0 else { return }
    for c in 0..<place.channels {
      for row in 0..<rows {
        let end = unsafe y + (c * grid.plane + row * grid.stride + place.width)
        for i in 0..<grid.pad { unsafe end[i] = 0 }
      }
    }
  }
}
