import Glibc
import Prototxt

/// The learning rate as a function of the number of updates done so far.
///
/// Formulas and their arithmetic are Caffe's: `step`, `exp` and `multistep` raise to powers in double precision, the others
/// compute in single precision.
struct LearningRate {
  /// How the rate changes.
  enum Policy {
    /// `base_lr`
    case fixed
    /// `base_lr * gamma ^ floor(iter / stepsize)`
    case step
    /// `base_lr * gamma ^ iter`
    case exp
    /// `base_lr * (1 + gamma * iter) ^ -power`
    case inv
    /// `base_lr * gamma ^ (number of step values reached)`
    case multistep
    /// `base_lr * (1 - iter / max_iter) ^ power`
    case poly
    /// `base_lr / (1 + exp(-gamma * (iter - stepsize)))`
    case sigmoid
  }

  private static let names: [(name: String, policy: Policy)] = [
    ("fixed", .fixed), ("step", .step), ("exp", .exp), ("inv", .inv), ("multistep", .multistep), ("poly", .poly),
    ("sigmoid", .sigmoid),
  ]

  let policy: Policy
  private let base: Float, gamma: Float, power: Float
  private let stepsize: Int, stepValues: [Int], mostIterations: Int

  /// The policy of a SolverParameter.
  ///
  /// - Throws: a policy that does not exist, or numbers that it cannot work with.
  init(_ solver: Message) throws(Diagnostic) {
    let name = solver.string("lr_policy")
    guard let policy = Self.names.first(where: { $0.name == name })?.policy else {
      let known = Self.names.map(\.name)
      throw solver.error(
        "lr_policy",
        name.isEmpty
          ? "lr_policy is missing; give one of \(known.joined(separator: ", "))"
          : "Unknown learning rate policy: '\(name)'; known are \(known.joined(separator: ", "))",
        suggesting: name.isEmpty ? nil : name.nearest(in: known))
    }
    self.policy = policy
    (base, gamma, power) = (solver.float("base_lr"), solver.float("gamma"), solver.float("power"))
    (stepsize, mostIterations) = (solver.int("stepsize"), solver.int("max_iter"))
    stepValues = solver.ints("stepvalue")
    if [.step, .sigmoid].contains(policy), stepsize <= 0 {
      throw solver.error("stepsize", "lr_policy '\(name)' needs a stepsize of at least 1, not \(stepsize)")
    }
    if [.step, .sigmoid, .exp, .inv, .multistep].contains(policy), gamma < 0 {
      throw solver.error("gamma", "lr_policy '\(name)' needs a gamma of at least 0, not \(gamma)")
    }
  }

  /// The rate of the update after `iteration` updates.
  ///
  /// - Parameter step: the number of steps so far, as it is kept in the solver's state; `step` and `multistep` set it.
  /// - Returns: the rate, and whether `multistep` has just made a step.
  func rate(at iteration: Int, step: inout Int) -> (rate: Float, stepped: Bool) {
    let iter = Float(iteration)
    switch policy {
    case .fixed: return (base, false)
    case .step:
      step = iteration / stepsize
      return (Float(Double(base) * pow(Double(gamma), Double(step))), false)
    case .exp: return (Float(Double(base) * pow(Double(gamma), Double(iteration))), false)
    case .inv: return (base * powf(1 + gamma * iter, -power), false)
    case .multistep:
      let stepped = step < stepValues.count && iteration >= stepValues[step]
      if stepped { step += 1 }
      return (Float(Double(base) * pow(Double(gamma), Double(step))), stepped)
    case .poly: return (base * powf(1 - iter / Float(mostIterations), power), false)
    case .sigmoid: return (base * (1 / (1 + expf(-gamma * (iter - Float(stepsize))))), false)
    }
  }
}
