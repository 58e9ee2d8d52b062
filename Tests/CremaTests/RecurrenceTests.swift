import Crema
import TestSupport
import Testing

/// What RNN and LSTM do over several batches, and at their edges.
@Suite struct RecurrenceTests {
  private static let plain = "bottom: 'x' bottom: 'cont' recurrent_param { num_output: 4 }"
  private static let exposed = [
    "type: 'RNN' bottom: 'x' bottom: 'cont' bottom: 'h' top: 'y' top: 'z' "
      + "recurrent_param { num_output: 4 expose_hidden: true }",
    "type: 'LSTM' bottom: 'x' bottom: 'cont' bottom: 'h' bottom: 'c' top: 'y' top: 'z' top: 'w' "
      + "recurrent_param { num_output: 4 expose_hidden: true }",
  ]

  /// A layer over these steps of sequences, with the same weights in every run.
  private func run(_ text: String, steps: Int, states: Int = 0) throws -> LayerRun {
    let shapes: [Shape] = [[steps, 2, 3], [steps, 2]] + Array(repeating: [1, 2, 4], count: states)
    let run = try LayerRun(makeLayer(text), bottoms: shapes.map { Blob($0) })
    var numbers = Numbers(3)
    for blob in run.weights { numbers.fill(blob.data) }
    return run
  }

  @Test(arguments: ["RNN", "LSTM"])
  func twoBatchesAreOneOfTwiceTheSteps(type: String) throws {
    let text = "type: '\(type)' \(Self.plain)"
    let whole = try run(text, steps: 6), half = try run(text, steps: 3)
    var numbers = Numbers(8)
    numbers.fill(whole.bottoms[0].data)
    // The first sequence goes on all the time, also from the zeros at the start; the second begins anew at step 4.
    whole.bottoms[1].data.fill(1)
    whole.bottoms[1].data.write { $0[9] = 0 }
    whole.forward()
    for part in 0..<2 {
      let steps = part * 3..<part * 3 + 3
      for (a, b) in zip(half.bottoms, whole.bottoms) { a.data.copy(b.data.images(steps)) }
      half.forward()
      let expected = Tensor([3, 2, 4], whole.tops[0].data.images(steps).values)
      #expect(difference(half.tops[0].data, expected, .forward, what: "\(type) part \(part)") == nil)
    }
  }

  @Test(arguments: exposed)
  func exposedStatesDecideTheNextBatchAlone(text: String) throws {
    let states = text.contains("LSTM") ? 2 : 1
    let run = try run(text, steps: 3, states: states)
    var numbers = Numbers(5)
    for blob in run.bottoms { numbers.fill(blob.data) }
    run.bottoms[1].data.fill(1)
    run.forward()
    let first = run.tops.map(\.data.values)
    #expect(run.state.isEmpty)
    run.forward()
    #expect(run.tops.map(\.data.values) == first)
    numbers.fill(run.bottoms[2].data)
    run.forward()
    #expect(run.tops[0].data.values != first[0])
  }

  @Test(arguments: exposed)
  func exposedStatesHaveNoGradient(text: String) throws {
    let states = text.contains("LSTM") ? 2 : 1
    let run = try run(text, steps: 3, states: states)
    var numbers = Numbers(6)
    for blob in run.bottoms { numbers.fill(blob.data) }
    for blob in run.tops { numbers.fill(blob.gradient) }
    for blob in run.bottoms { blob.gradient.fill(7) }
    run.bottoms[1].data.fill(1)
    run.forward()
    run.backward()
    for blob in run.bottoms[2...] { #expect(blob.gradient.values.allSatisfy { $0 == 0 }) }
    #expect(run.bottoms[1].gradient.values.allSatisfy { $0 == 7 })
    #expect(run.bottoms[0].gradient.values.allSatisfy { $0 != 7 })
  }

  @Test(arguments: ["RNN", "LSTM"])
  func aTopThatIsChangedInPlaceLaterChangesNoGradient(type: String) throws {
    let text = "type: '\(type)' \(Self.plain)"
    func gradients(overwrite: Bool) throws -> [[Float]] {
      let run = try run(text, steps: 4)
      var numbers = Numbers(4)
      for blob in run.bottoms { numbers.fill(blob.data) }
      run.bottoms[1].data.fill(1)
      run.forward()
      if overwrite { run.tops[0].data.fill(.nan) }
      numbers.fill(run.tops[0].gradient)
      run.backward()
      return [run.bottoms[0].gradient.values] + run.weights.map(\.gradient.values)
    }
    #expect(try gradients(overwrite: true) == gradients(overwrite: false))
  }

  /// Sequences know nothing of each other: many side by side are each alone.
  @Test(arguments: ["RNN", "LSTM"], [2, 16, 19, 40])
  func manySequencesAreEachAlone(type: String, sequences: Int) throws {
    let (steps, inputs, outputs) = (4, 5, 37)
    let text = "type: '\(type)' bottom: 'x' bottom: 'cont' recurrent_param { num_output: \(outputs) }"
    func run(_ count: Int) throws -> LayerRun {
      let run = try LayerRun(makeLayer(text), bottoms: [Blob([steps, count, inputs]), Blob([steps, count])])
      var numbers = Numbers(3)
      for blob in run.weights {
        numbers.fill(blob.data)
        blob.data.assign(blob.data) { $0 / 4 }
      }
      return run
    }
    let all = try run(sequences)
    var numbers = Numbers(8)
    numbers.fill(all.bottoms[0].data)
    all.bottoms[1].data.write { goes in for i in goes.indices { goes[i] = i < sequences || i % 5 == 0 ? 0 : 1 } }
    numbers.fill(all.tops[0].gradient)
    all.forward(pieces: 3)
    all.backward(pieces: 3)
    let sums = all.weights.map { Tensor($0.shape) }
    for n in 0..<sequences {
      let one = try run(1)
      for (own, of) in zip(
        one.bottoms.map(\.data) + [one.tops[0].gradient], all.bottoms.map(\.data) + [all.tops[0].gradient])
      {
        let size = of.count / steps / sequences
        for step in 0..<steps { own.copy(size, at: step * size, of: of, from: (step * sequences + n) * size) }
      }
      one.forward()
      one.backward()
      for (own, of) in [(one.tops[0].data, all.tops[0].data), (one.bottoms[0].gradient, all.bottoms[0].gradient)] {
        let size = own.count / steps, expected = Tensor(own.shape)
        for step in 0..<steps { expected.copy(size, at: step * size, of: of, from: (step * sequences + n) * size) }
        #expect(difference(own, expected, .backward, what: "\(type) sequence \(n)") == nil)
      }
      for (sum, blob) in zip(sums, one.weights) { sum.add(blob.gradient) }
    }
    for (sum, blob) in zip(sums, all.weights) {
      #expect(difference(blob.gradient, sum, .backward, what: "\(type) weights") == nil)
    }
  }

  @Test func multiplyAddsAreThoseOfAllSteps() throws {
    let x = 5 * 2 * 3, h = 5 * 2 * 4
    let shapes: [Shape] = [[5, 2, 3], [5, 2]]
    #expect(try makeLayer("type: 'LSTM' \(Self.plain)").plan(shapes).multiplyAdds == (x + h) * 16)
    #expect(try makeLayer("type: 'RNN' \(Self.plain)").plan(shapes).multiplyAdds == (x + 2 * h) * 4)
  }

  @Test func debugInfoWarns() throws {
    let layer = try makeLayer("type: 'RNN' bottom: 'a' bottom: 'b' recurrent_param { num_output: 4 debug_info: true }")
    #expect(try layer.plan([[5, 2, 3], [5, 2]]).warnings.first?.contains("debug_info") == true)
    #expect(try makeLayer("type: 'RNN' \(Self.plain)").plan([[5, 2, 3], [5, 2]]).warnings.isEmpty)
  }

  @Test(
    arguments: [
      ("type: 'LSTM' bottom: 'a' bottom: 'b'", [[3, 2, 4], [3, 2]], "num_output is missing"),
      (
        "type: 'RNN' bottom: 'a' bottom: 'b' recurrent_param { num_output: 0 }", [[3, 2, 4], [3, 2]],
        "num_output must be 1 or more, not 0"
      ),
      (
        "type: 'LSTM' bottom: 'a' bottom: 'b' recurrent_param { num_output: 4000000000 }", [[3, 2, 4], [3, 2]],
        "num_output 4000000000 is more than a blob can hold"
      ),
      (
        "type: 'LSTM' bottom: 'a' bottom: 'b' recurrent_param { num_output: 500000000 }", [[3, 2, 4], [3, 2]],
        "more than the 2147483647 elements that a blob may have"
      ),
      (
        "type: 'RNN' bottom: 'a' bottom: 'b' bottom: 'c' bottom: 'd' recurrent_param { num_output: 4 }", [],
        "without expose_hidden it takes 2 bottoms (values, continuations), or 3 with values of all steps, and there are 4"
      ),
      (
        "type: 'LSTM' bottom: 'a' bottom: 'b' bottom: 'c' recurrent_param { num_output: 4 expose_hidden: true }", [],
        "with expose_hidden it takes 4 bottoms (values, continuations, states), or 5 with values of all steps, and there are 3"
      ),
      (
        "type: 'LSTM' bottom: 'a' bottom: 'b' top: 'y' top: 'z' top: 'w' recurrent_param { num_output: 4 }", [],
        "without expose_hidden it takes 1 top, and there are 3"
      ),
      (
        "type: 'RNN' bottom: 'a' bottom: 'b' bottom: 'h' recurrent_param { num_output: 4 expose_hidden: true }", [],
        "with expose_hidden it takes 2 tops (outputs, states), and there are 1"
      ),
      (
        "type: 'RNN' bottom: 'a' bottom: 'b' recurrent_param { num_output: 4 weight_filler { type: 'exavier' } }", [],
        "exavier"
      ),
      (
        "type: 'RNN' \(plain)", [[3, 2], [3, 2]], "bottom 0 must be steps x sequences x values, and it has 2 axes (3x2)"
      ),
      ("type: 'LSTM' \(plain)", [[0, 2, 3], [0, 2]], "bottom 0 (0x2x3) has no values"),
      (
        "type: 'LSTM' \(plain)", [[3, 2, 4], [2, 3]],
        "bottom 1 must have one value for each step and sequence of bottom 0 (3x2), and it has 2 axes (2x3)"
      ),
      (
        "type: 'LSTM' bottom: 'a' bottom: 'b' bottom: 's' recurrent_param { num_output: 4 }",
        [[3, 2, 4], [3, 2], [3, 5]],
        "bottom 2, the values of all steps, must be 2 sequences x values, and it has 2 axes (3x5)"
      ),
      (
        "type: 'RNN' bottom: 'a' bottom: 'b' bottom: 's' recurrent_param { num_output: 4 }",
        [[3, 2, 4], [3, 2], [2]],
        "bottom 2, the values of all steps, must be 2 sequences x values, and it has 1 axis (2)"
      ),
      (exposed[0], [[3, 2, 4], [3, 2], [1, 2, 3]], "bottom 2, a state before the first step, must be 1x2x4"),
      (
        exposed[1], [[3, 2, 4], [3, 2], [1, 2, 4], [2, 4]], "bottom 3, a state before the first step, must be 1x2x4"
      ),
    ] as [(String, [Shape], String)])
  func refuses(_ text: String, _ bottoms: [Shape], _ expected: String) {
    let found: String
    do {
      _ = try makeLayer(text).plan(bottoms)
      found = "nothing"
    } catch let error as ShapeError {
      found = error.message
    } catch {
      found = "\(error)"
    }
    #expect(found.contains(expected), "\(found)")
  }
}
