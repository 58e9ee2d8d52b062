import Crema
import Foundation
import TestSupport
import Testing

/// What layers do with values that they cannot compute with, and where Caffe's results are odd.
@Suite struct LayerValueTests {
  /// A layer run forward over these bottoms, and backward.
  private func run(_ text: String, _ bottoms: [Tensor], inPlace: Bool = false) throws -> LayerRun {
    let blobs = bottoms.map { Blob($0, gradient: Tensor($0.shape)) }
    let run = try LayerRun(makeLayer(text), bottoms: blobs, inPlace: inPlace)
    run.forward(pieces: 2)
    for top in run.tops { top.gradient.fill(2) }
    return run
  }

  @Test(arguments: [
    "type: 'HingeLoss' bottom: 'a' bottom: 'b'", "type: 'MultinomialLogisticLoss' bottom: 'a' bottom: 'b'",
    "type: 'InfogainLoss' bottom: 'a' bottom: 'b' bottom: 'c'",
  ])
  func labelsWithoutClassAreReported(_ text: String) throws {
    for (label, expected) in [
      (Float(3), "label 3 at position 1 is outside 0..<3"), (-1, "label -1 at position 1 is outside 0..<3"),
      (.nan, "label nan at position 1"), (1e20, "position 1"),
    ] {
      let run = try run(text, [Tensor([2, 3]), Tensor([2], [0, label]), Tensor([3, 3])])
      let failure = run.takeFailure() ?? ""
      #expect(failure.contains(expected), "\(failure)")
      run.backward()
    }
  }

  @Test(arguments: [Float(3), -1, .nan, .infinity, 1e20])
  func indicesOutsideAreReported(_ index: Float) throws {
    let reindex = try run(
      "type: 'BatchReindex' bottom: 'a' bottom: 'b'", [Tensor([3, 2]), Tensor([4], [0, 2, index, 1])])
    let embed = try run("type: 'Embed' embed_param { num_output: 2 input_dim: 3 }", [Tensor([4], [0, 2, index, 1])])
    for run in [reindex, embed] {
      let failure = run.takeFailure() ?? ""
      #expect(failure.contains("index \(index) at position 2 is outside 0..<3"), "\(failure)")
      run.backward(pieces: 2)
    }
  }

  /// `y · convolution(x) == deconvolution(y) · x`, and likewise for their gradients, with columns of several strips.
  @Test func deconvolutionIsTheTransposeOfConvolution() throws {
    let parameters = "kernel_size: 5 stride: 2 pad: 2 bias_term: false group: 2"
    let (large, small): (Shape, Shape) = ([2, 4, 65, 65], [2, 6, 33, 33])
    let convolution = try LayerRun(
      makeLayer("type: 'Convolution' convolution_param { num_output: 6 \(parameters) }"), bottoms: [Blob(large)])
    let deconvolution = try LayerRun(
      makeLayer("type: 'Deconvolution' convolution_param { num_output: 4 \(parameters) }"), bottoms: [Blob(small)])
    #expect(deconvolution.tops[0].shape == large)
    #expect(deconvolution.plan.multiplyAdds == convolution.plan.multiplyAdds)
    var numbers = Numbers(4)
    for blob in [convolution.bottoms[0], deconvolution.bottoms[0], convolution.weights[0]] { numbers.fill(blob.data) }
    deconvolution.weights[0].data.copy(convolution.weights[0].data)
    convolution.tops[0].gradient.copy(deconvolution.bottoms[0].data)
    deconvolution.tops[0].gradient.copy(convolution.bottoms[0].data)
    for run in [convolution, deconvolution] {
      run.forward(pieces: 2)
      run.backward(pieces: 2)
    }
    for (found, expected) in [
      (deconvolution.tops[0].data, convolution.bottoms[0].gradient),
      (deconvolution.bottoms[0].gradient, convolution.tops[0].data),
      (deconvolution.weights[0].gradient, convolution.weights[0].gradient),
    ] {
      #expect(difference(found, expected, .backward, what: "the transpose") == nil)
    }
  }

  @Test func pairsWithoutAnswerAreReported() throws {
    let run = try run("type: 'ContrastiveLoss'", [Tensor([2, 3]), Tensor([2, 3]), Tensor([2], [1, .nan])])
    #expect(run.takeFailure()?.contains("nan for pair 1 says nothing") == true)
    run.backward()
  }

  /// The tops have room for all images; those that are selected come first.
  @Test(arguments: [[Float](repeating: 0, count: 3), [1, 0, 1], [-2, 3, 4]])
  func aFilterSelectsAnyNumber(_ selector: [Float]) throws {
    let x = Tensor([3, 2], [1, 2, 3, 4, 5, 6])
    let run = try run("type: 'Filter' bottom: 'a' bottom: 'b'", [x, Tensor([3], selector)])
    let chosen = selector.indices.filter { selector[$0] != 0 }
    #expect(run.takeFailure() == nil)
    #expect(run.tops[0].data.values.prefix(2 * chosen.count) == chosen.flatMap { x.images($0..<$0 + 1).values }[...])
    run.tops[0].gradient.copy([7, 8, 9, 10, 11, 12])
    run.backward()
    var expected: [Float] = [0, 0, 0, 0, 0, 0]
    for (i, image) in chosen.enumerated() {
      for column in 0..<2 { expected[2 * image + column] = Float(7 + 2 * i + column) }
    }
    #expect(run.bottoms[0].gradient.values == expected)
  }

  @Test func damagedMatricesAreReported() throws {
    let folder = NSTemporaryDirectory() + "crema-matrix-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Foundation.Data([0x2a, 0x40, 1, 2]).write(to: URL(fileURLWithPath: folder + "/H"))
    let text = """
      layer { name: 'layer' type: 'InfogainLoss' bottom: 'a' bottom: 'b' top: 'y' infogain_loss_param { source: 'H' } }
      """
    let error = #expect(throws: (any Error).self) { try makeLayer(layers(text)[0], phase: .train, folder: folder) }
    #expect("\(String(describing: error))".contains("holds no blob that can be read"))
  }

  /// Backward reads what has replaced the bottom.
  @Test func gradientsInPlaceAreCaffes() throws {
    let x: [Float] = [-1, 0.25, 3]
    func gradients(_ text: String) throws -> [Float] {
      let run = try run(text + " bottom: 'a' top: 'a'", [Tensor([3], x)], inPlace: true)
      run.backward()
      return run.bottoms[0].gradient.values
    }
    let softplus = x.map { log(1 + exp(Double($0))) }
    let bnll = try gradients("type: 'BNLL'")
    let logarithm = try gradients("type: 'Log' log_param { scale: 0.5 shift: 4 }")
    for i in x.indices {
      #expect(abs(Double(bnll[i]) - 2 * exp(softplus[i]) / (exp(softplus[i]) + 1)) < 1e-6)
      let factor = 0.5 / (0.5 * log(0.5 * Double(x[i]) + 4) + 4)
      #expect(abs(Double(logarithm[i]) - factor * factor) < 1e-6)
    }
    #expect(try gradients("type: 'Clip' clip_param { min: 0 max: 1 }") == [2, 2, 2])
  }

  @Test func largeValuesOfBNLLStayFinite() throws {
    let run = try run("type: 'BNLL'", [Tensor([3], [-200, 200, 1e30])])
    run.backward()
    #expect(run.tops[0].data.values == [0, 200, 1e30])
    #expect(run.bottoms[0].gradient.values == [0, 2, 2])
  }

  @Test func notANumberGivesSomething() throws {
    let run = try run("type: 'ArgMax' argmax_param { top_k: 3 }", [Tensor([1, 4], [.nan, 2, .nan, 1])])
    #expect(Set(run.tops[0].data.values).count == 3)
    let clip = try self.run("type: 'Clip' clip_param { min: 0 max: 1 }", [Tensor([1], [.nan])])
    #expect(clip.tops[0].data.values == [0])
  }
}
