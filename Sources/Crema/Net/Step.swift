/// A unit of the schedule: work in `jobs` independent pieces, forward and backward. A step is some layers, or what an engine
/// made of some layers.
package protocol Step: AnyObject {
  /// The nodes that it computes.
  var nodes: Range<Int> { get }
  /// The number of independent pieces of each pass.
  var jobs: Int { get }
  /// The weights have changed: `preparations` independent pieces of work before the next forward.
  var preparations: Int { get }
  func prepare(_ piece: Int)
  func forward(_ job: Int, worker: Int)
  func backward(_ job: Int, worker: Int)
  /// Alone, before and after all jobs: what needs the whole batch and is little work.
  func startBackward()
  func finishForward()
  func finishBackward()
  /// The sums of slices' gradients that this step leaves to be done: which tensor of the net they go to.
  var sums: [Tensor] { get }
  /// Adds the slices' gradients to `sums[index]`, in the order of slices.
  func sum(_ index: Int)
}

extension Step {
  package var preparations: Int { 0 }
  package func prepare(_ piece: Int) {}
  package func startBackward() {}
  package func finishForward() {}
  package func finishBackward() {}
}
