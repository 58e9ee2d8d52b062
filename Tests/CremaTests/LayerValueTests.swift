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

  @Test func pairsWithoutAnswerAreReported() throws {
    let run = try run("type: 'ContrastiveLoss'", [Tensor([2, 3]), Tensor([2, 3]), Tensor([2], [1, .nan])])
    #expect(run.takeFailure()?.contains("nan for pair 1 says nothing") == true)
    run.backward()
  }

  @Test(arguments: [[Float](repeating: 0, count: 3), [1, 0, 1]])
  func aFilterThatSelectsAnotherNumberIsReported(_ selector: [Float]) throws {
    let run = try run("type: 'Filter' bottom: 'a' bottom: 'b'", [Tensor([3, 2]), Tensor([3], selector)])
    let failure = run.takeFailure() ?? ""
    let selected = selector.count { $0 != 0 }
    #expect(failure.contains("selects \(selected) of 3 images, and its tops have room for just 3"), "\(failure)")
    run.backward()
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
