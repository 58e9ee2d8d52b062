/// What one call computes of an operation on an image, and where.
struct ChainShare {
  /// The planes it works on.
  let lane: Int
  /// The scratch memory it may use.
  let worker: Int
  var part = 0, parts = 1
  /// The rows, if not all.
  var band: Range<Int>?

  /// Of `count` channels, those that the call computes.
  func of(_ count: Int) -> Range<Int> { count * part / parts..<count * (part + 1) / parts }

  /// The rows of each channel.
  func rows(of height: Int) -> Range<Int> { band ?? 0..<height }

  /// The rows of a convolution, which parts divide: whole groups of four, as Winograd's transformation takes them.
  func dividedRows(of height: Int) -> Range<Int> {
    if let band { return band }
    let groups = of((height + 3) / 4)
    return 4 * groups.lowerBound..<min(4 * groups.upperBound, height)
  }
}

/// One operation of a chain on the only image of a pass that does not run backward: several threads share it.
final class ChainImageStep: Step {
  let nodes: Range<Int>
  let jobs: Int
  let sums: [Tensor] = []
  let preparations: [[Tensor]]
  let hidden: Hidden?
  private let chain: ChainStep
  private let operation: ChainOperation
  private let image: Int

  /// The steps of a chain; the last one stands for all nodes, since it is then that they are computed.
  static func steps(_ chain: ChainStep, image: Int) -> [ChainImageStep] {
    let end = chain.nodes.lowerBound, operations = chain.program.operations
    return operations.enumerated().map { index, operation in
      let nodes = index + 1 == operations.count ? chain.nodes : end..<end
      return ChainImageStep(nodes, chain, operation, image, isFirst: index == 0)
    }
  }

  private init(
    _ nodes: Range<Int>, _ chain: ChainStep, _ operation: ChainOperation, _ image: Int, isFirst: Bool
  ) {
    (self.nodes, self.chain, self.operation, self.image) = (nodes, chain, operation, image)
    (preparations, hidden) = (isFirst ? chain.preparations : [], nodes.isEmpty ? Hidden() : chain.hidden)
    switch operation {
    case .load(_, let to): jobs = min(4, to.channels)
    case .combine(let sum): jobs = min(4, sum.to.channels)
    case .pool(let from, _): jobs = min(8, from.channels)
    case .convolve(_, _, let to, _): jobs = to.height >= 96 ? 8 : to.height >= 16 ? 4 : 2
    }
  }

  func prepare(_ piece: Int) { chain.prepare(piece) }
  func forward(_ job: Int, worker: Int) {
    chain.forward(operation, image, ChainShare(lane: 0, worker: worker, part: job, parts: jobs))
  }
  func backward(_ job: Int, worker: Int) {}
  func sum(_ index: Int) {}
}
