/// Turns a run of nodes into a program, or refuses.
///
/// A chain is an optional head (Scale, or BatchNorm with gathered statistics), then convolutions, sums of two, concatenations
/// and splits, and at its end a 3x3/2 max pooling with its ReLU in place. Nobody else may touch the values within.
struct ChainCompiler {
  private let memory: Memory
  private let nodes: [Graph.Node]
  private var grid: Grid
  private var operations: [ChainOperation] = []
  private var convolutions: [Int] = []
  private var planes = 0
  private var places: [Int: Place] = [:]

  /// The longest chain whose first node is `first`.
  ///
  /// - Parameter watched: the values that are read after a pass.
  static func compile(from first: Int, in memory: Memory, watched: Set<Int>) -> ChainProgram? {
    let nodes = memory.graph.nodes
    guard first < nodes.count, let pool = nodes.indices.dropLast().first(where: { $0 >= first && isEnd(nodes, $0) })
    else { return nil }
    guard let (head, source, entry, body) = head(nodes, first), body <= pool else { return nil }
    let shape = memory.values[source].shape
    guard shape.rank == 4, shape[3] <= 1024, shape[2] * shape[3] >= 64 else { return nil }
    let windows = nodes[body..<pool].compactMap { ($0.layer as? Convolution).map(square) }
    guard windows.allSatisfy({ $0 != nil }) else { return nil }
    let pad = windows.compactMap { $0?.pad }.max() ?? 0
    guard windows.compactMap({ $0 }).allSatisfy({ pad == 0 || 2 * $0.pad == $0.kernel - 1 }) else { return nil }
    let chain = members(of: first..<pool + 2, source, in: memory)
    guard isClosed(chain, first..<pool + 2, source, in: memory) else { return nil }
    var compiler = ChainCompiler(memory, Grid(shape, pad: pad))
    guard
      let program = compiler.program(
        first..<pool + 2, head, source, entry, chain.filter { (body...pool).contains($0) }, watched)
    else { return nil }
    let within = Set(chain.dropLast(2).flatMap { nodes[$0].tops }).intersection(watched)
    return within.isSubset(of: program.watched.map(\.value)) ? program : nil
  }

  private init(_ memory: Memory, _ grid: Grid) { (self.memory, nodes, self.grid) = (memory, memory.graph.nodes, grid) }

  /// A pooling that the kernels have, and its ReLU.
  private static func isEnd(_ nodes: [Graph.Node], _ index: Int) -> Bool {
    guard let pooling = nodes[index].layer as? Pooling, pooling.isThreeByTwo, nodes[index].tops.count == 1,
      let relu = nodes[index + 1].layer as? ReLU, relu.slope == 0
    else { return false }
    return nodes[index + 1].tops == nodes[index].tops && nodes[index + 1].bottoms == nodes[index].tops
  }

  /// What the chain reads through, its source, the first value of the body, and the body's first node.
  private static func head(_ nodes: [Graph.Node], _ first: Int) -> (ChainHead, source: Int, entry: Int, body: Int)? {
    guard let source = nodes[first].bottoms.first else { return nil }
    if let norm = nodes[first].layer as? BatchNorm {
      guard norm.usesGathered else { return nil }
      if first + 1 < nodes.count, isScale(nodes[first + 1]), nodes[first + 1].bottoms == nodes[first].tops {
        return (.gathered(norm: first, scale: first + 1), source, nodes[first + 1].tops[0], first + 2)
      }
      return (.gathered(norm: first, scale: nil), source, nodes[first].tops[0], first + 1)
    }
    if isScale(nodes[first]) { return (.scale(node: first), source, nodes[first].tops[0], first + 1) }
    return (.plain, source, source, first)
  }

  /// A factor and a bias for each channel.
  static func isScale(_ node: Graph.Node) -> Bool {
    guard let scale = node.layer as? Scale, scale.hasBias, node.bottoms.count == 1 else { return false }
    return scale.fields.isByChannel && !node.plan.weights.contains(where: \.replacesGradient)
  }

  /// The kernel and pad of a plain square convolution.
  private static func square(_ layer: Convolution) -> (kernel: Int, pad: Int)? {
    guard layer.group == 1, layer.axis.index == 1 else { return nil }
    let sides = layer.window.sides(2)
    guard sides[0].kernel == sides[1].kernel, sides[0].pad == sides[1].pad, sides[0].kernel <= 7,
      sides.allSatisfy({ $0.stride == 1 && $0.dilation == 1 && $0.pad < $0.kernel })
    else { return nil }
    return (sides[0].kernel, sides[0].pad)
  }

  /// The nodes of a range without bystanders: splits of other values, which are no work.
  private static func members(of range: Range<Int>, _ source: Int, in memory: Memory) -> [Int] {
    var values: Set<Int> = [source]
    return range.filter { index in
      let node = memory.graph.nodes[index]
      if node.layer is Split, !node.runsBackward, values.isDisjoint(with: node.bottoms) { return false }
      values.formUnion(node.tops)
      return true
    }
  }

  /// Whether these nodes read nothing but the source and each other, only they touch the values within, and gradients flow through
  /// all of them or through none. Nobody may change the chain's top in place: ReLU's gradient would look at the changed values.
  private static func isClosed(_ members: [Int], _ range: Range<Int>, _ source: Int, in memory: Memory) -> Bool {
    let nodes = members.map { memory.graph.nodes[$0] }
    guard let last = nodes.last else { return false }
    let inner = Set(memory.inner(range)), made = Set(nodes.flatMap(\.tops))
    guard made.subtracting(last.tops).isSubset(of: inner), !made.contains(source) else { return false }
    guard memory.graph.nodes[range.upperBound...].allSatisfy({ Set($0.tops).isDisjoint(with: last.tops) }) else {
      return false
    }
    guard made.subtracting(last.tops).isSubset(of: nodes.flatMap(\.bottoms)) else { return false }
    guard made.union([source]).isSuperset(of: nodes.flatMap(\.bottoms)) else { return false }
    let working = nodes.filter { !($0.layer is Split) }
    guard working.allSatisfy({ $0.runsBackward == last.runsBackward }) else { return false }
    let flowing = Set(nodes.filter(\.runsBackward).flatMap(\.tops))
    return nodes.allSatisfy { node in
      zip(node.bottoms, node.wanted).allSatisfy { bottom, wanted in wanted || !flowing.contains(bottom) }
    }
  }

  private mutating func program(
    _ range: Range<Int>, _ head: ChainHead, _ source: Int, _ entry: Int, _ body: [Int], _ watched: Set<Int>
  ) -> ChainProgram? {
    guard assignPlaces(body) else { return nil }
    if places[entry] == nil { places[entry] = allocate(entry) }
    guard let input = places[entry] else { return nil }
    operations.append(.load(value: source, to: input))
    for index in body { guard append(index) else { return nil } }
    guard decideAdditions() else { return nil }
    let wants = nodes[range].contains { node in
      zip(node.bottoms, node.wanted).contains { $0.0 == source && $0.1 }
    }
    return ChainProgram(
      nodes: range, grid: grid, head: head, source: source, convolutions: convolutions, operations: operations,
      watched: places.filter { watched.contains($0.key) && $0.key != source }.map { (value: $0.key, place: $0.value) },
      planes: planes, runsBackward: nodes[range.upperBound - 1].runsBackward, wantsSource: wants, again: computedAgain()
    )
  }

  private mutating func allocate(_ value: Int) -> Place {
    let shape = memory.values[value].shape
    defer { planes += shape[1] }
    return Place(first: planes, channels: shape[1], height: shape[2], width: shape[3])
  }

  /// From the last node to the first: a concatenation tells its bottoms where to be.
  private mutating func assignPlaces(_ body: [Int]) -> Bool {
    for node in body.reversed().map({ nodes[$0] }) {
      guard let top = node.tops.first, memory.values[top].shape.rank == 4 else { return false }
      switch node.layer {
      case is Pooling: continue
      case is Split:
        let known = Set(node.tops.compactMap { places[$0]?.first })
        guard known.count <= 1 else { return false }
        let place = node.tops.compactMap { places[$0] }.first ?? allocate(top)
        for value in node.tops + node.bottoms { places[value] = place }
      case let layer as Concat:
        guard layer.axis.of(memory.values[top].shape) == 1 else { return false }
        let place = places[top] ?? allocate(top)
        var at = place.first
        for bottom in node.bottoms {
          guard places[bottom] == nil else { return false }
          let channels = memory.values[bottom].shape[1]
          places[bottom] = Place(first: at, channels: channels, height: place.height, width: place.width)
          at += channels
        }
        places[top] = place
      default:
        guard !node.bottoms.contains(top) else { return false }
        if places[top] == nil { places[top] = allocate(top) }
      }
    }
    return true
  }

  private mutating func append(_ index: Int) -> Bool {
    let node = nodes[index]
    switch node.layer {
    case is Split, is Concat: return true
    case is Convolution:
      guard node.bottoms.count == 1, let x = places[node.bottoms[0]], let y = places[node.tops[0]] else { return false }
      operations.append(.convolve(convolution: convolutions.count, from: x, to: y, add: false))
      convolutions.append(index)
      return true
    case let layer as Eltwise where layer.operation == .sum && node.bottoms.count == 2:
      guard let x = places[node.bottoms[0]], let y = places[node.bottoms[1]], let to = places[node.tops[0]], x != y
      else { return false }
      operations.append(
        .combine(
          Combination(
            x: .init(factor: layer.coefficients[0], place: x, wanted: node.wanted[0]),
            y: .init(factor: layer.coefficients[1], place: y, wanted: node.wanted[1]), to: to)))
      return true
    case is Pooling:
      guard let x = places[node.bottoms[0]] else { return false }
      operations.append(.pool(from: x, value: node.tops[0]))
      return true
    default: return false
    }
  }

  /// In the order of backward: who comes first writes a gradient, the others add to it.
  private mutating func decideAdditions() -> Bool {
    var written: Set<Int> = []
    func adds(_ place: Place) -> Bool? {
      let before = written.intersection(place.planes).count
      guard before == 0 || before == place.channels else { return nil }
      written.formUnion(place.planes)
      return before > 0
    }
    for i in operations.indices.reversed() {
      switch operations[i] {
      case .load: continue
      case .pool(let from, _): written.formUnion(from.planes)
      case .convolve(let convolution, let from, let to, _):
        guard nodes[convolutions[convolution]].wanted[0] else { continue }
        guard let add = adds(from) else { return false }
        operations[i] = .convolve(convolution: convolution, from: from, to: to, add: add)
      case .combine(var sum):
        if sum.x.wanted {
          guard let add = adds(sum.x.place) else { return false }
          sum.x.add = add
        }
        if sum.y.wanted {
          guard let add = adds(sum.y.place) else { return false }
          sum.y.add = add
        }
        operations[i] = .combine(sum)
      }
    }
    return true
  }

  private func computedAgain() -> [Bool] {
    var needed: Set<Int> = []
    var again = operations.map { _ in false }
    for (i, operation) in operations.enumerated().reversed() {
      switch operation {
      case .pool: continue
      case .convolve(_, let from, let to, _):
        again[i] = !needed.isDisjoint(with: to.planes)
        needed.formUnion(from.planes)
      case .combine(let sum):
        again[i] = !needed.isDisjoint(with: sum.to.planes)
        if again[i] { needed.formUnion(Array(sum.x.place.planes) + Array(sum.y.place.planes)) }
      case .load: again[i] = true
      }
    }
    return again
  }
}
