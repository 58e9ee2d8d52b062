/// The order in which the operations of a chain run over one image: in bands of rows, each as soon as the rows that it reads are
/// there, so that what one operation leaves is still in cache when the next one reads it. Every row is computed once.
struct ChainBands {
  /// What a stage does for some rows.
  enum Work {
    /// An operation forward, for rows of what it writes.
    case forward(Int)
    /// The gradient of a convolution's weights and bias, from rows of its top.
    case weights(Int)
    /// The gradient of what an operation reads, for rows of that; of a sum's first or second term.
    case backward(Int, term: Int)
  }

  private struct Stage {
    let work: Work
    let height: Int
    /// Bands begin at multiples of this.
    let step: Int
    var needs: [Need] = []
    /// The planes that it writes, and whether those are gradients.
    let planes: Range<Int>, isGradient: Bool
  }

  /// Rows before `row` need those before `factor * row + offset` of an earlier stage.
  private struct Need {
    let stage: Int, factor: Int, offset: Int
  }

  /// The numbers of all planes that a band should have, and the fewest of one plane.
  private static let cache = 384 << 10, fewest = 4096
  /// Planes of fewer numbers are not cut: whole ones were measured to be faster at 128x128 (5 %), bands at 256x256 (10 %).
  private static let smallPlane = 32 << 10

  private let band: Int
  private var stages: [Stage] = []

  /// The bands of a forward pass, or of a backward pass, which computes planes again.
  ///
  /// - Parameter convolutions: by the numbers of operations.
  init(_ program: ChainProgram, _ convolutions: [PackedConvolution], backward: Bool) {
    let grid = program.grid, planes = program.planes * (backward ? 2 : 1)
    let rows = max(Self.cache / (planes * grid.stride), Self.fewest / grid.stride)
    band = grid.plane > Self.smallPlane && Self.canBeCut(program) ? (rows + 3) / 4 * 4 : .max
    for (index, operation) in program.operations.enumerated() where !backward || program.again[index] {
      addForward(index, operation, convolutions)
    }
    guard backward else { return }
    for (index, operation) in program.operations.enumerated().reversed() {
      addBackward(index, operation, convolutions)
    }
  }

  /// Whether unpooling, which writes up to two registers beyond the last row, stays within the planes.
  private static func canBeCut(_ program: ChainProgram) -> Bool {
    program.operations.allSatisfy { operation in
      guard case .pool(let from, _) = operation else { return true }
      return program.grid.run(from) + 34 <= program.grid.plane
    }
  }

  /// Calls `body` with each piece of work and its rows, in an order in which everything is there when it is read.
  func run(_ body: (Work, Range<Int>) -> Void) {
    var done = stages.map { _ in 0 }
    while zip(done, stages).contains(where: { $0 < $1.height }) {
      for (index, stage) in stages.enumerated() where done[index] < stage.height {
        let isSource = stage.needs.isEmpty && stage.step < stage.height && band < stage.height
        var end = isSource ? min(done[index] + band, stage.height) : stage.height
        for need in stage.needs where done[need.stage] < stages[need.stage].height {
          end = min(end, max(0, done[need.stage] - need.offset) / need.factor)
        }
        if end < stage.height { end -= end % stage.step }
        guard end > done[index] else { continue }
        body(stage.work, done[index]..<end)
        done[index] = end
      }
    }
  }

  private mutating func addForward(_ index: Int, _ operation: ChainOperation, _ convolutions: [PackedConvolution]) {
    switch operation {
    case .load(_, let to): add(.forward(index), to, step: 4)
    case .convolve(let convolution, let from, let to, _):
      let layer = convolutions[convolution]
      add(.forward(index), to, step: layer.transformsForward ? 4 : 1)
      need(from.planes, offset: layer.kernel - 1 - layer.pad)
    case .combine(let sum):
      add(.forward(index), sum.to, step: 1)
      need(sum.x.place.planes)
      need(sum.y.place.planes)
    case .pool(let from, _):
      let pooled = (from.height - 2) / 2 + 1
      stages.append(Stage(work: .forward(index), height: pooled, step: 1, planes: 0..<0, isGradient: false))
      need(from.planes, factor: 2, offset: 1)
    }
  }

  private mutating func addBackward(_ index: Int, _ operation: ChainOperation, _ convolutions: [PackedConvolution]) {
    switch operation {
    case .pool(let from, _): add(.backward(index, term: 0), from, step: 4, isGradient: true)
    case .convolve(let convolution, let from, let to, _):
      let layer = convolutions[convolution]
      if layer.learnsWeights || layer.learnsBias {
        stages.append(
          Stage(work: .weights(index), height: to.height, step: 4, planes: 0..<0, isGradient: false))
        need(to.planes, isGradient: true)
        need(from.planes, offset: layer.kernel - 1 - layer.pad)
      }
      guard layer.wantsBottom else { return }
      add(.backward(index, term: 0), from, step: layer.winograd == nil ? 1 : 4, isGradient: true)
      need(to.planes, offset: layer.pad, isGradient: true)
      need(from.planes, isGradient: true)
    case .combine(let sum):
      for (number, term) in [sum.x, sum.y].enumerated() where term.wanted {
        add(.backward(index, term: number), term.place, step: 1, isGradient: true)
        need(sum.to.planes, isGradient: true)
        need(term.place.planes, isGradient: true)
      }
    case .load(_, let to):
      stages.append(
        Stage(
          work: .backward(index, term: 0), height: to.height, step: to.height, planes: 0..<0, isGradient: false))
      need(to.planes, isGradient: true)
    }
  }

  private mutating func add(_ work: Work, _ place: Place, step: Int, isGradient: Bool = false) {
    stages.append(
      Stage(work: work, height: place.height, step: step, planes: place.planes, isGradient: isGradient))
  }

  /// The stage added last needs rows of all earlier ones that write some of these planes.
  private mutating func need(_ planes: Range<Int>, factor: Int = 1, offset: Int = 0, isGradient: Bool = false) {
    let last = stages.count - 1
    for index in 0..<last where stages[index].isGradient == isGradient && stages[index].planes.overlaps(planes) {
      stages[last].needs.append(Need(stage: index, factor: factor, offset: offset))
    }
  }
}
