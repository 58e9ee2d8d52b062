/// A unit of the schedule: work in `jobs` independent pieces, forward and backward. A step is some layers, or what an engine
/// made of some layers.
package protocol Step: AnyObject {
  /// The nodes that it computes.
  var nodes: Range<Int> { get }
  /// The number of independent pieces of each pass.
  var jobs: Int { get }
  /// How often all jobs of a pass are done, one phase after the other: the jobs of the second phase are `jobs..<2 * jobs`.
  var forwardPhases: Int { get }
  var backwardPhases: Int { get }
  /// Independent pieces of work before the first forward, and before one for which their weights have changed. A piece without
  /// weights is done before every forward.
  var preparations: [[Tensor]] { get }
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
  /// The values whose data or gradients it keeps to itself; `nil` for both of all values that only its nodes touch.
  var hidden: Hidden? { get }
}

/// Values that cannot be read after a pass.
package struct Hidden {
  package var data: Set<Int> = []
  package var gradients: Set<Int> = []
}

extension Step {
  package var forwardPhases: Int { 1 }
  package var backwardPhases: Int { 1 }
  package var preparations: [[Tensor]] { [] }
  package func prepare(_ piece: Int) {}
  package func startBackward() {}
  package func finishForward() {}
  package func finishBackward() {}
  package var hidden: Hidden? { Hidden() }
}
