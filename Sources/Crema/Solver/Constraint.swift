import Prototxt

/// What a parameter obeys: the solver projects it before the first update and after every one.
package enum Constraint: String, Sendable, CaseIterable {
  /// The filters predict a pixel from its neighbours, and give the error: in each plane of a filter (one for each channel) the centre
  /// is -1, and the others sum to 1. Bayar and Stamm, "Constrained convolutional neural networks".
  case predictionError = "PREDICTION_ERROR"

  /// What a `param` asks for; nil for NONE.
  init?(_ specification: Message) { self.init(rawValue: specification.enumeration("constraint")) }

  /// Throws unless a parameter of this shape can obey.
  func check(_ shape: Shape) throws(ShapeError) {
    guard shape.rank == 4, shape[2] % 2 == 1, shape[3] % 2 == 1, shape[2] * shape[3] > 1 else {
      throw ShapeError(
        "constraint \(rawValue) is for filters with odd kernels larger than 1x1 (outputs x channels x rows x columns), and this "
          + "parameter is \(shape)")
    }
  }

  /// Makes the parameter obey. Planes whose neighbours sum to 0 get equal ones.
  package func project(_ weights: Tensor) {
    let count = weights.shape[2] * weights.shape[3], centre = count / 2
    weights.write { numbers in
      for start in stride(from: 0, to: numbers.count, by: count) {
        var sum = 0.0
        for i in start..<start + count where i != start + centre { sum += Double(numbers[i]) }
        for i in start..<start + count {
          numbers[i] = i == start + centre ? -1 : Float(sum == 0 ? 1 / Double(count - 1) : Double(numbers[i]) / sum)
        }
      }
    }
    weights.noteChange()
  }
}
