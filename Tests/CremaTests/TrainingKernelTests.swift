import CKernels
import TestSupport
import Testing

/// The kernels of data and updates, for every instruction set of this processor, against plain loops.
@Suite struct TrainingKernelTests {
  private static let sets = ["avx512", "avx2", "baseline"]
  private static let counts = [1, 3, 4, 7, 8, 15, 16, 17, 33, 64, 100, 300]

  private func kernels(_ name: String) -> TrainingKernels? {
    unsafe kernels_named(name)?.pointee.training.pointee
  }

  private func random(_ count: Int, _ seed: Int = 0) -> [Float] {
    var numbers = Numbers(UInt64(count + 1000 * seed))
    return (0..<count).map { _ in numbers.next() }
  }

  @Test(arguments: sets, counts)
  func rowsOfImages(_ name: String, _ count: Int) {
    guard let set = kernels(name) else { return }
    for step in 1...4 {
      let bytes = random((count - 1) * step + 1).map { UInt8(($0 + 1) * 100) }, floats = bytes.map { Float($0) }
      let means = random(count, 1).map { $0 * 99 }
      for turned in [false, true] {
        for usesMeans in [false, true] {
          let expected = (0..<count).map { i in
            (floats[i * step] - (usesMeans ? means[i] : 3.7)) * 0.017
          }
          var fromBytes = means, fromFloats = means
          unsafe means.withUnsafeBufferPointer { means in
            let means = usesMeans ? means.baseAddress : nil, turns: Int32 = turned ? 1 : 0
            unsafe set.read_bytes(bytes, step, means, 3.7, 0.017, turns, &fromBytes, count)
            unsafe set.read_floats(floats, step, means, 3.7, 0.017, turns, &fromFloats, count)
          }
          let wanted = turned ? expected.reversed() : expected
          #expect(fromBytes == wanted)
          #expect(fromFloats == wanted)
        }
      }
    }
  }

  /// The same bits as the formulas of the solvers' files, each operation rounded.
  @Test(arguments: sets, counts)
  func updates(_ name: String, _ count: Int) {
    guard let set = kernels(name) else { return }
    let g = random(count), h = random(count, 1).map { abs($0) }, i = random(count, 2).map { abs($0) }
    func check(
      _ what: String, _ run: (inout [Float], inout [Float], inout [Float]) -> Void,
      _ f: (Float, Float, Float) -> (Float, Float, Float)
    ) {
      var own = (g, h, i)
      run(&own.0, &own.1, &own.2)
      for at in 0..<count {
        let wanted = f(g[at], h[at], i[at])
        #expect((own.0[at], own.1[at], own.2[at]) == wanted, "\(what) \(at)")
      }
    }
    check("Nesterov", { g, h, _ in unsafe set.nesterov(&g, &h, 0.9, 0.01, count) }) { g, h, i in
      let new = 0.9 * h + 0.01 * g
      return ((1 + 0.9) * new - 0.9 * h, new, i)
    }
    check("AdaGrad", { g, h, _ in unsafe set.adagrad(&g, &h, 1e-8, 0.01, count) }) { g, h, i in
      let sum = g * g + h
      return (0.01 * (g / (sum.squareRoot() + 1e-8)), sum, i)
    }
    check("RMSProp", { g, h, _ in unsafe set.rmsprop(&g, &h, 0.99, 1e-8, 0.01, count) }) { g, h, i in
      let decay: Float = 0.99, sum = decay * h + (1 - decay) * (g * g)
      return (0.01 * (g / (sum.squareRoot() + 1e-8)), sum, i)
    }
    check("AdaDelta", { unsafe set.adadelta(&$0, &$1, &$2, 0.95, 1e-6, 0.5, count) }) { g, h, i in
      let factor: Float = 0.95, delta: Float = 1e-6, sum = factor * h + (1 - factor) * (g * g)
      let step = g * ((delta + i) / (delta + sum)).squareRoot()
      return (0.5 * step, sum, factor * i + (1 - factor) * (step * step))
    }
    check("Adam", { unsafe set.adam(&$0, &$1, &$2, 0.9, 0.999, 1e-8, 0.01, count) }) { g, h, i in
      let (beta1, beta2) = (Float(0.9), Float(0.999))
      let m = beta1 * h + (1 - beta1) * g, v = beta2 * i + (1 - beta2) * (g * g)
      return (0.01 * (m / (v.squareRoot() + 1e-8)), m, v)
    }
    check("L1", { g, h, _ in unsafe set.add_signs(&g, h.map { $0 - 0.5 }, 0.25, count) }) { g, h, i in
      (g + 0.25 * (h > 0.5 ? 1 : h < 0.5 ? -1 : 0), h, i)
    }
    check("step", { g, h, _ in unsafe set.subtract(&h, g, count) }) { g, h, i in (g, h - g, i) }
    check("scale", { g, _, _ in unsafe set.multiply(&g, 0.3, count) }) { g, h, i in (g * 0.3, h, i) }
  }
}
