/// A convolution or deconvolution of planes by the kernels, with the layers that are fused with it.
final class ConvolutionOperator: Operator {
  let item: ChainPlan.Item
  let scratch: [Shape]
  let partsOfImage: Int
  let preparations: [[Tensor]]
  /// The parts that the weights' gradient of a whole batch may be divided into; 0 if it may not.
  let batchParts: Int
  private let shape: PlaneConvolution
  /// While training, the forward pass is not transformed if max pooling comes behind it: that would choose otherwise than Caffe
  /// among near-ties, and one such choice moves gradients more than all rounding.
  private let ahead: ConvolutionPlanes, back: ConvolutionPlanes
  let wantsBottom: Bool
  private let weights: [Blob], learns: [Bool]
  private let folded: FoldedWeights
  private let factors: Tensor, terms: Tensor
  private let scaled: Tensor?

  /// `nil` if this is no such convolution, or the kernels refuse it.
  init?(_ item: ChainPlan.Item, in memory: Memory, usesWinograd: Bool) {
    let node = memory.graph.nodes[item.node]
    guard let shape = PlaneConvolution(node, in: memory.graph) else { return nil }
    let isTraining = node.runsBackward
    let wantsBottom = isTraining && node.wanted[0]
    learns = node.learns.map { $0 && isTraining }
    let (forward, backward): (ConvolutionPlanes.Way, ConvolutionPlanes.Way) =
      shape.isTransposed ? (.data, .forward) : (.forward, .data)
    let ways: Set<ConvolutionPlanes.Way> = wantsBottom ? [backward] : []
    let decides = memory.graph.nodes[item.node...].contains { ($0.layer as? Pooling)?.isMax == true }
    let transformsForward = usesWinograd && !(isTraining && decides)
    guard
      let ahead = ConvolutionPlanes(
        shape, ways: transformsForward == usesWinograd ? ways.union([forward]) : [forward],
        usesWinograd: transformsForward),
      let back = transformsForward == usesWinograd
        ? ahead : ConvolutionPlanes(shape, ways: ways, usesWinograd: usesWinograd)
    else { return nil }
    (self.item, self.shape, self.ahead, self.back, self.wantsBottom) = (item, shape, ahead, back, wantsBottom)
    weights = memory.weights[item.node]
    var most = ahead.scratch(forward)
    if wantsBottom { most = max(most, back.scratch(backward)) }
    if learns[0] { most = max(most, back.scratch(.weights)) }
    let images = memory.values[node.tops[0]].shape[0]
    batchParts = learns[0] && !shape.isTransposed && item.slope == 1 ? back.batchParts : 0
    if batchParts > 0 { most = max(most, back.batchScratch(images: images)) }
    scratch = [[most]]
    let outputs = shape.layer.outputs
    folded = FoldedWeights(
      item.affine, outputs: outputs, bias: weights.count > 1 ? weights[1].data : nil, in: memory)
    (factors, terms) = (Tensor([outputs]), Tensor([outputs]))
    scaled = shape.isTransposed && !folded.isPlain ? Tensor(weights[0].shape) : nil
    let work = max(shape.multiplyAdds / 200_000, (shape.input.count + shape.output.count) / 16_384)
    partsOfImage = shape.isTransposed ? 1 : max(1, min(16, work))
    preparations = [folded.sources + [weights[0].data]] + (wantsBottom ? [[weights[0].data]] : [])
  }

  private var hasTerms: Bool { weights.count > 1 || !folded.isPlain }

  func ownGradient(of weight: Int, isSliced: Bool) -> Shape? {
    guard learns[weight] else { return nil }
    return weight == 0 ? [back.gradientCount] : isSliced ? weights[weight].shape : nil
  }

  func prepare(_ piece: Int) {
    if piece == 1 { return back.pack(weights[0].data, shape.isTransposed ? .forward : .data) }
    let (factors, terms) = folded.factors()
    self.factors.copy(factors)
    self.terms.copy(terms)
    if let scaled {
      let area = scaled.shape.count(from: 2), group = scaled.shape[1]
      scaled.write(reading: weights[0].data) { w, scaled in
        for i in 0..<w.count {
          let row = i / (area * group), ofGroup = row * shape.layer.group / shape.output[0]
          scaled[i] = w[i] * factors[ofGroup * group + i / area % group]
        }
      }
      ahead.pack(scaled, .data)
    } else {
      ahead.pack(
        weights[0].data, shape.isTransposed ? .data : .forward, factors: folded.isPlain ? nil : self.factors)
    }
  }

  func forward(_ pass: Pass) {
    let (x, y, scratch) = (pass.bottoms[0].data, pass.tops[0].data, pass.scratch[0])
    let addend = item.addend == nil ? nil : pass.bottoms[1].data
    guard !shape.isTransposed else { return transposed(pass, addend) }
    for image in 0..<x.shape[0] {
      ahead.forward(
        x, bias: hasTerms ? terms : nil, addend: addend, slope: item.slope, into: y, image: image, scratch: scratch,
        part: pass.part, parts: pass.parts)
    }
  }

  private func transposed(_ pass: Pass, _ addend: Tensor?) {
    let (x, y) = (pass.bottoms[0].data, pass.tops[0].data), slope = item.slope
    for image in 0..<x.shape[0] { ahead.data(x, into: y, image: image, scratch: pass.scratch[0]) }
    if hasTerms {
      Broadcast(y.shape, terms.shape, axis: 1).each { output, range in
        let term = terms.read { $0[output] }
        y.assign(range, y) { $0 + term }
      }
    }
    if let addend { y.add(addend) }
    if slope != 1 { y.assign(y) { $0 > 0 ? $0 : slope * $0 } }
  }

  func backward(_ pass: Pass) {
    let (bottom, top, scratch) = (pass.bottoms[0], pass.tops[0], pass.scratch[0]), slope = item.slope
    let dy = top.gradient
    if slope != 1 { dy.assign(dy, top.data) { $1 > 0 ? $0 : slope * $0 } }
    addBiases(pass)
    if pass.learns[0] {
      let (x, dy) = shape.isTransposed ? (dy, bottom.data) : (bottom.data, dy)
      back.addWeights(x, dy, to: pass.weights[0].gradient, scratch: scratch)
    }
    guard wantsBottom else { return }
    for image in 0..<dy.shape[0] { data(pass, image: image) }
  }

  /// Of a pass over the whole batch, adds to a part of the weights' gradient.
  func addWeights(_ pass: Pass, part: Int) {
    back.addBatch(
      pass.bottoms[0].data, pass.tops[0].gradient, to: pass.weights[0].gradient, scratch: pass.scratch[0], part: part)
  }

  /// Adds to the gradient of the biases, if they learn.
  func addBiases(_ pass: Pass) {
    guard weights.count > 1, pass.learns[1] else { return }
    addSums(of: pass.tops[0].gradient, to: pass.weights[1].gradient)
  }

  /// The gradient of the bottom for one image.
  func data(_ pass: Pass, image: Int) {
    let (bottom, dy, scratch) = (pass.bottoms[0], pass.tops[0].gradient, pass.scratch[0])
    if shape.isTransposed {
      back.forward(dy, bias: nil, addend: nil, slope: 1, into: bottom.gradient, image: image, scratch: scratch)
    } else {
      back.data(dy, into: bottom.gradient, image: image, scratch: scratch)
    }
  }

  /// Adds each output's sum over its planes of all images.
  private func addSums(of dy: Tensor, to gradient: Tensor) {
    let area = dy.shape.count(from: 2), outputs = gradient.count
    gradient.write { sums in
      for plane in 0..<dy.shape[0] * outputs { sums[plane % outputs] += dy.sum(plane * area..<(plane + 1) * area) }
    }
  }

  func add(_ gradients: [Tensor], weight: Int) {
    let first = gradients[0]
    for other in gradients.dropFirst() { first.add(other) }
    if weight == 0 {
      back.unpack(first, addingTo: weights[0].gradient)
    } else {
      weights[weight].gradient.add(first)
    }
  }
}
