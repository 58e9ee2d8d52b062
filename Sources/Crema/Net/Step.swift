/// A unit of the schedule: work in `jobs` independent pieces, forward and backward. A step is some layers, or what an engine
/// made of some layers.
package protocol Step: AnyObject {
  /// The nodes that it computes.
  var nodes: Range<Int> { get }
  /// The number of independent pieces of a pass.
  var jobs: Int { get }
  /// The same of the backward pass, where it is divided otherwise.
  var backwardJobs: Int { get }
  /// How often all jobs of a pass are done, one phase after the other: the jobs of the second phase follow on those of the first.
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
  /// The weights' gradients of the net that its backward pass writes whole, without a look at what they hold, if the net says so.
  var started: [Tensor] { get }
  /// Adds the slices' gradients to `sums[index]`, in the order of slices.
  func sum(_ index: Int)
  /// The values whose data or gradients it keeps to itself; `nil` for both of all values that only its nodes touch.
  var hidden: Hidden? { get }
  /// Pairs of values whose gradients may be one memory: the step then only has to leave it there.
  var joinedGradients: [(Int, Int)] { get }
}

/// Values that cannot be read after a pass.
package struct Hidden {
  /// Values whose numbers cannot be read.
  package var data: Set<Int> = []
  /// Values whose gradients cannot be read.
  package var gradients: Set<Int> = []
}

extension Step {
  package var joinedGradients: [(Int, Int)] { [] }
  package var backwardJobs: Int { jobs }
  package var forwardPhases: Int { 1 }
  package var backwardPhases: Int { 1 }
  package var preparations: [[Tensor]] { [] }
  package func prepare(_ piece: Int) {}
  package func startBackward() {}
  package func finishForward() {}
  package func finishBackward() {}
  package var started: [Tensor] { [] }
  package var hidden: Hidden? { Hidden() }
}
