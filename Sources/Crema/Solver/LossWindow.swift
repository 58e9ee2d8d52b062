/// The running mean of the last losses, updated as Caffe does: rounding drifts along.
struct LossWindow {
  private let length: Int
  private var losses: [Float] = []
  /// The mean.
  private(set) var mean: Float = 0

  /// - Parameter length: `average_loss`, at least 1.
  init(length: Int) { self.length = length }

  /// Takes a loss in.
  ///
  /// - Parameter index: the number of iterations since the window began.
  mutating func add(_ loss: Float, at index: Int) {
    if losses.count < length {
      losses.append(loss)
      mean = (mean * Float(losses.count - 1) + loss) / Float(losses.count)
    } else {
      mean += (loss - losses[index % length]) / Float(length)
      losses[index % length] = loss
    }
  }
}
