/// BatchNorm with the batch's statistics, and with it the layers behind: Scale by channel, the sum with another value, ReLU, Split. A channel
/// of all images is small enough to be read from memory once, forward and backward; between them only the bottom is kept.
final class NormOperator: Operator {
  /// The name by which it can be switched off.
  static let name = "fuse-norm"

  let item: ChainPlan.Item
  let scratch: [Shape] = []
  let hidden: Hidden
  private let layer: BatchNorm
  private let scale: (factors: Blob, biases: Blob?, learns: [Bool])?
  private let slope: Float
  private let isInPlace: Bool
  private let wantsAddend: Bool

  /// What begins with a node; `nil` if that is no BatchNorm of a batch.
  init?(from first: Int, in memory: Memory, demands: Demands) {
    guard let fused = NormFusion(from: first, in: memory.graph, demands: demands) else { return nil }
    let nodes = memory.graph.nodes
    (item, layer, hidden, wantsAddend) = (fused.item, fused.layer, fused.hidden, fused.wantsAddend)
    joinedGradients = fused.joinedGradients
    slope = fused.item.slope
    isInPlace = fused.item.bottoms[0] == fused.item.tops[0]
    scale = fused.scale.map { node in
      let weights = memory.weights[node]
      return (weights[0], weights.count > 1 ? weights[1] : nil, nodes[node].learns)
    }
  }

  let joinedGradients: [(Int, Int)]

  func ownGradient(of weight: Int, isSliced: Bool) -> Shape? { nil }

  func add(_ gradients: [Tensor], weight: Int) {}

  func forward(_ pass: Pass) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data), weights = pass.weights.map(\.data)
    let count = Float(x.shape[0] * x.shape.count(from: 2)), keeps = pass.keeps
    for c in pass.share(of: x.shape[1]) {
      let (exactMean, squares) = x.moments(channel: c)
      let mean = Float(exactMean), variance = Float(squares) / count
      weights[0].write { $0[c] = $0[c] * layer.fraction + mean }
      weights[1].write { $0[c] = $0[c] * layer.fraction + variance * (count > 1 ? count / (count - 1) : 1) }
      let deviation = (variance + layer.epsilon).squareRoot()
      if keeps {
        pass.kept[0].write { $0[c] = mean }
        pass.kept[1].write { $0[c] = deviation }
      }
      y.assign(
        channel: c, x, map(c, mean, deviation), addend: item.addend == nil ? nil : pass.bottoms[1].data,
        kept: keeps && isInPlace ? pass.kept[2] : nil)
    }
    if pass.isFirst { weights[2].write { $0[0] = $0[0] * layer.fraction + 1 } }
  }

  func backward(_ pass: Pass) {
    let bottom = pass.bottoms[0], x = isInPlace ? pass.kept[2] : bottom.data
    let isSplit = pass.tops.count > 1
    let dy = pass.tops[isSplit ? 1 : 0].gradient, more = isSplit ? pass.tops[2].gradient : nil
    let y = item.addend == nil ? nil : pass.tops[0].data
    let other = wantsAddend && !pass.bottoms[1].gradient.isSame(as: dy) ? pass.bottoms[1].gradient : nil
    let count = Double(x.shape[0] * x.shape.count(from: 2))
    for c in pass.share(of: x.shape[1]) {
      let (mean, deviation) = (pass.kept[0].read { $0[c] }, pass.kept[1].read { $0[c] })
      let map = map(c, mean, deviation)
      let sums = dy.passSlope(channel: c, x, map, y: y, more: more, copy: other)
      if let scale {
        if scale.learns[0] { scale.factors.gradient.write { $0[c] += Float(sums.products / Double(deviation)) } }
        if let biases = scale.biases, scale.learns[1] { biases.gradient.write { $0[c] += Float(sums.sum) } }
      }
      guard pass.wanted[0] else { continue }
      let a = Double(map.factor), b = -a * sums.products / (count * Double(deviation) * Double(deviation))
      bottom.gradient.combine(channel: c, dy, x, mean: mean, map.factor, Float(b), Float(-a * sums.sum / count))
    }
  }

  private func map(_ c: Int, _ mean: Float, _ deviation: Float) -> ChannelMap {
    let factor = scale?.factors.data.read { $0[c] } ?? 1, bias = scale?.biases?.data.read { $0[c] } ?? 0
    return ChannelMap(mean: mean, factor: factor / deviation, bias: bias, slope: slope)
  }
}

/// Which layers are computed along with a BatchNorm. What lies between them must be seen by nobody else.
private struct NormFusion {
  let layer: BatchNorm
  private(set) var item: ChainPlan.Item
  private(set) var scale: Int?
  private(set) var wantsAddend = false
  /// Whether the gradient of the top is overwritten, although the last layer does not work in place.
  private var changesTop = false
  private let graph: Graph, demands: Demands

  init?(from first: Int, in graph: Graph, demands: Demands) {
    let node = graph.nodes[first]
    guard let layer = node.layer as? BatchNorm, !layer.usesGathered,
      !demands.disabledPasses.contains(NormOperator.name)
    else { return nil }
    (self.layer, self.graph, self.demands) = (layer, graph, demands)
    item = ChainPlan.Item(node: first, bottoms: node.bottoms, tops: node.tops)
    addScale()
    addSum()
    addRectifier()
    addSplit()
  }

  /// The gradient of the result lies where it first comes in, and that of what was added is the same.
  var joinedGradients: [(Int, Int)] {
    let (entry, bottom) = (item.tops.count > 1 ? item.tops[1] : item.tops[0], item.bottoms[0])
    if let addend = item.addend { return wantsAddend ? [(addend, entry)] : [] }
    return entry != item.tops[0] && bottom == item.tops[0] ? [(bottom, entry)] : []
  }

  /// The values between the layers, which hold something else than the layers say; of a value that layers change in place, the gradient
  /// that is left is that of the last one instead of the first one.
  var hidden: Hidden {
    let changed = item.fused.flatMap { node in graph.nodes[node].tops.filter(graph.nodes[node].bottoms.contains) }
    let tops = Set(([item.node] + item.fused).flatMap { graph.nodes[$0].tops }).subtracting(item.tops)
    return Hidden(
      data: tops,
      gradients: tops.subtracting(item.bottoms).union(changesTop ? item.tops : [])
        .union(changed.filter { $0 != item.bottoms[0] })
        .union(item.tops.count > 1 ? item.tops.dropLast().filter { $0 != item.bottoms[0] } : []))
  }

  /// The next node, if it reads what there is so far, runs backward as all do, and passes all gradients on.
  private func next() -> (index: Int, node: Graph.Node)? {
    let index = item.node + item.fused.count + 1
    guard index < graph.nodes.count else { return nil }
    let node = graph.nodes[index], current = item.tops[0]
    guard node.tops.count == 1, node.bottoms.contains(current),
      node.runsBackward == graph.nodes[item.node].runsBackward, !node.runsBackward || node.wanted.allSatisfy({ $0 }),
      node.lossWeights.allSatisfy({ $0 == 0 }), node.tops[0] == current || isInner(current, before: index)
    else { return nil }
    return (index, node)
  }

  /// Whether a value is left to itself once the node at `index` has read it.
  private func isInner(_ value: Int, before index: Int) -> Bool {
    !demands.watched.contains(value) && !(demands.keepsGradients && item.bottoms[0] != value)
      && !graph.nodes[(index + 1)...].contains { ($0.bottoms + $0.tops).contains(value) }
  }

  private mutating func absorb(_ index: Int) {
    item.fused.append(index)
    item.tops = graph.nodes[index].tops
  }

  private mutating func addScale() {
    guard let (index, node) = next(), let layer = node.layer as? Scale, node.bottoms.count == 1,
      layer.fields.isByChannel
    else { return }
    scale = index
    absorb(index)
  }

  private mutating func addSum() {
    guard let (index, node) = next(), let layer = node.layer as? Eltwise, layer.operation == .sum,
      layer.coefficients == [1, 1], node.bottoms[0] != node.bottoms[1], node.tops[0] != item.tops[0]
    else { return }
    let addend = node.bottoms[0] == item.tops[0] ? node.bottoms[1] : node.bottoms[0]
    guard addend != item.bottoms[0] else { return }
    item.addend = addend
    wantsAddend = node.runsBackward
    absorb(index)
  }

  /// Two readers of the result, whose gradients are added.
  private mutating func addSplit() {
    let index = item.node + item.fused.count + 1
    guard index < graph.nodes.count, !demands.keepsGradients else { return }
    let node = graph.nodes[index]
    guard node.layer is Split, node.tops.count == 2, node.bottoms == item.tops, node.runsBackward,
      node.wanted == [true],
      graph.nodes[item.node].runsBackward, node.lossWeights.allSatisfy({ $0 == 0 })
    else { return }
    item.fused.append(index)
    item.tops += node.tops
  }

  private mutating func addRectifier() {
    guard let (index, node) = next(), let layer = node.layer as? ReLU, layer.slope >= 0 else { return }
    if node.tops != node.bottoms, node.runsBackward {
      if demands.keepsGradients { return }
      changesTop = true
    }
    item.slope = layer.slope
    absorb(index)
  }
}
