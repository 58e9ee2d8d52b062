import Crema

/// The tops of a layer for these bottoms.
package func forward(
  _ text: String, _ bottoms: [Tensor], weights: [[Float]] = [], phase: Phase = .train
) throws -> LayerRun {
  let run = try LayerRun(
    makeLayer(text, phase: phase), bottoms: bottoms.map { Blob($0, gradient: Tensor($0.shape)) })
  for (blob, values) in zip(run.weights, weights) { blob.data.copy(values) }
  run.forward()
  return run
}

/// A tensor of numbers in -1..<1.
package func random(_ shape: Shape, _ seed: UInt64 = 3) -> Tensor {
  var numbers = Numbers(seed)
  let tensor = Tensor(shape)
  numbers.fill(tensor)
  return tensor
}

/// A tensor whose element at `(n, c, h, w)` is `value(n, c, h, w)`.
package func table(_ shape: Shape, _ value: (Int, Int, Int, Int) -> Float) -> Tensor {
  let tensor = Tensor(shape)
  tensor.write { y in
    var i = 0
    for n in 0..<shape[0] {
      for c in 0..<shape[1] {
        for h in 0..<shape[2] {
          for w in 0..<shape[3] {
            y[i] = value(n, c, h, w)
            i += 1
          }
        }
      }
    }
  }
  return tensor
}

/// Reads the elements of a tensor of four axes.
package func reader(_ tensor: Tensor) -> (Int, Int, Int, Int) -> Float {
  let values = tensor.values, shape = tensor.shape
  return { n, c, h, w in values[((n * shape[1] + c) * shape[2] + h) * shape[3] + w] }
}
