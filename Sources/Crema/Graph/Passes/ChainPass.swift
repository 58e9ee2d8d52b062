/// A decision over a run of nodes that saves work or memory. Results stay the same, but for rounding.
package struct ChainPass: Sendable {
  /// The name, by which it can be switched off.
  package let name: String
  let apply: @Sendable (inout ChainPlan) -> Void

  /// In the order in which they are applied.
  package static let all: [ChainPass] = [.leaveOutCopies, .foldAffine, .fuseSum, .fuseActivation, .placeConcat]

  /// The plan of a run of nodes after all passes that are not switched off.
  static func applyAll(to plan: inout ChainPlan, except disabled: Set<String>) {
    for pass in all where !disabled.contains(pass.name) { pass.apply(&plan) }
  }
}
